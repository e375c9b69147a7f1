"""Values known when the file is written, and ranges that are not."""

import numpy as np
from tests.exporter.coreml.harness import check
from tests.exporter.coreml.ops.movement_support import case, check_cases, data, refused
from tests.exporter.tflite.harness import model_of, node_model

BIG = 2**63 - 1


def test_constants_of_every_form() -> None:
    text = """<ir_version: 10, opset_import: ["": 23]>
    g (float[2] x) => (float[2] y, int64[3] z, float[] w) {
        a = Constant <value_float = 2.5> ()
        c = Constant <value_floats = [1.0, -1.0]> ()
        d = Add (x, a)
        y = Mul (d, c)
        z = Constant <value_ints = [1, 2, -3]> ()
        w = Identity (a)
    }"""
    check(model_of(text), {"x": data((2,))})


def test_a_constant_beyond_int32_is_refused_unless_it_is_the_end_of_a_slice() -> None:
    text = f"""<ir_version: 10, opset_import: ["": 23]>
    g (float[4] x, int64[1] i) => (float[3] y, int64[1] z) {{
        s = Constant <value_ints = [1]> ()
        e = Constant <value_ints = [{BIG}]> ()
        y = Slice (x, s, e)
        z = Add (i, e)
    }}"""
    refused(model_of(text), "Add cannot be written", "beyond int32")


def test_shapes() -> None:
    cases = [
        case("Shape"),
        case("Shape", start=1),
        case("Shape", start=-2, end=-1),
        case("Shape", end=9),
        case("Size"),
        case("EyeLike", "m", dtype=1, k=1),
        case("EyeLike", "m", k=-1),
    ]
    check_cases(cases, {"x": data((2, 3, 4)), "m": data((3, 4), "int32")}, float16=False)


def test_the_shape_of_a_scalar_is_empty() -> None:
    refused(node_model("Shape", {"x": np.float32(1).reshape(())}), "empty")


def test_constant_of_shape() -> None:
    text = """<ir_version: 10, opset_import: ["": 23]>
    g (float[2,3] x) => (float[2,3] a, float[2,3] c, int64[2,3] d, bool[2,3] f) {
        s = Shape (x)
        z = ConstantOfShape (s)
        a = Add (x, z)
        c = ConstantOfShape <value = float[1] {2.5}> (s)
        d = ConstantOfShape <value = int64[1] {-3}> (s)
        f = ConstantOfShape <value = bool[1] {1}> (s)
    }"""
    check(model_of(text), {"x": data((2, 3))})


def test_ranges() -> None:
    def range_of(*numbers: float, dtype: type = np.float32) -> object:
        return case("Range", "a c d", constants=dict(zip("acd", np.array(numbers, dtype), strict=True)))

    cases = [range_of(0, 5, 2), range_of(5, 0, -1.5), range_of(1, 9, 3, dtype=np.int64)]
    check_cases(cases, {"x": data((1,))}, float16=False)


def test_a_range_computed_at_run_time() -> None:
    x = {"a": np.array(2, np.int64), "c": np.array(11, np.int64), "d": np.array(3, np.int64)}
    check_cases([case("Range", "a c d")], x, float16=False)
