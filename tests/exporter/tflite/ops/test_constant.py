import numpy as np
import onnx
import onnx_ir as ir
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import inferred, model_of, node_model, ops_of
from tests.exporter.tflite.ops.movement_support import check_both, data, few, refused, shapes


def constant_model(**attributes: object) -> ir.Model:
    """A Constant, and an input that nothing reads."""
    node = onnx.helper.make_node("Constant", [], ["y"], **attributes)
    x = onnx.helper.make_tensor_value_info("x", 1, [1])
    graph = onnx.helper.make_graph([node], "g", [x], [onnx.ValueInfoProto(name="y")])
    return inferred(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 23)], ir_version=10))


@pytest.mark.parametrize(
    "attributes",
    [
        {"value": onnx.numpy_helper.from_array(data((2, 3), "int8"))},
        {"value": onnx.numpy_helper.from_array(data((), "float64"))},
        {"value_float": 1.5},
        {"value_floats": [0.0, 2.5]},
        {"value_int": -3},
        {"value_int": 0},
        {"value_ints": [2**40, -1]},
    ],
)
def test_constant(attributes: dict) -> None:
    check_both(constant_model(**attributes), {"x": data((1,))})


def test_strings_and_sparse_tensors_are_refused() -> None:
    refused(constant_model(value_string="a"), "value_string")


@pytest.mark.parametrize("value", [None, np.array([2.5], np.float32), np.array([-7], np.int64), np.array([True])])
@pytest.mark.parametrize("opset", [9, 20, 24])
def test_constant_of_shape(value: np.ndarray | None, opset: int) -> None:
    proto = None if value is None else onnx.numpy_helper.from_array(value)
    shape = node_model(
        "ConstantOfShape", {"x": data((1,))}, order=["s"], constants={"s": np.array([2, 3])}, value=proto, opset=opset
    )
    check_both(shape, {"x": data((1,))})


def test_the_shape_may_come_from_an_input_of_static_shape() -> None:
    text = """<ir_version: 10, opset_import: ["": 23]> g (float[2,3] x) => (float[2,3] y) {
      s = Shape (x)  z = ConstantOfShape (s)  y = Add (x, z) }"""
    model = model_of(text)
    check_both(model, {"x": data((2, 3))})
    assert ops_of(model) == {"ADD": 1}


@pytest.mark.parametrize(("start", "end"), [(None, None), (1, None), (-2, None), (0, -1), (-9, 2), (1, 9)])
def test_shape(start: int | None, end: int | None) -> None:
    x = data((2, 1, 2, 3))
    check_both(node_model("Shape", {"x": x}, start=start, end=end), {"x": x})


def test_an_empty_constant_may_be_an_output() -> None:
    x = data((2, 3))
    check_both(node_model("Shape", {"x": x}, start=1, end=1), {"x": x})
    empty = {"s": np.array([2, 0, 3])}
    check_both(node_model("ConstantOfShape", {"x": x}, order=["s"], constants=empty), {"x": x})


@pytest.mark.parametrize("op", ["Shape", "Size"])
@pytest.mark.parametrize("opset", [7, 13, 24])
def test_shape_and_size_opsets(op: str, opset: int) -> None:
    x = data((2, 3), "float16")
    check_both(node_model(op, {"x": x}, opset=opset), {"x": x})


def test_the_size_of_a_scalar_is_one() -> None:
    check_both(node_model("Size", {"x": data(())}), {"x": data(())})


@pytest.mark.parametrize(
    ("start", "limit", "delta", "dtype"),
    [(0, 5, 1, "int64"), (10, 4, -2, "int32"), (1, 2, 0.3, "float32"), (3, -1.5, -1.5, "float32")],
)
def test_range(start: float, limit: float, delta: float, dtype: str) -> None:
    ends = {name: np.array(number, dtype) for name, number in zip("sld", (start, limit, delta), strict=True)}
    model = node_model("Range", {"x": data((1,))}, constants=ends, order=["s", "l", "d"])
    check_both(model, {"x": data((1,))}, rtol=1e-6)


def test_a_range_of_run_time_ends_is_refused() -> None:
    text = """<ir_version: 10, opset_import: ["": 23]> g (int64 l) => (int64[N] y) { y = Range (s, l, d) }"""
    refused(model_of(text, s=np.array(0), d=np.array(1)), "l, computed at run time")


@pytest.mark.parametrize("k", [0, 1, -2, 9])
@pytest.mark.parametrize("dtype", [None, "float16", "int32", "bool"])
def test_eye_like(k: int, dtype: str | None) -> None:
    x = data((3, 4))
    code = None if dtype is None else onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    oracle = "reference" if dtype in ("float16", "bool") else "ort"
    check_both(node_model("EyeLike", {"x": x}, k=k, dtype=code), {"x": x}, oracle=oracle)


@few
@given(shape=shapes(0, 5), start=st.integers(-6, 6), end=st.integers(-6, 6))
def test_any_part_of_a_shape(shape: list[int], start: int, end: int) -> None:
    x = data(shape)
    check_both(node_model("Shape", {"x": x}, start=start, end=end), {"x": x})
