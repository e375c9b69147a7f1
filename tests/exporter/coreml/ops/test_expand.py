"""Expand and Tile."""

import pytest
from tests.exporter.coreml.harness import check
from tests.exporter.coreml.ops.movement_support import TYPES, case, check_cases, data, ints
from tests.exporter.tflite.harness import model_of


def test_shapes_and_repeats() -> None:
    cases = [case("Expand", "x s", constants={"s": ints(*sizes)}) for sizes in ((2, 3, 4), (4,), (2, 1, 3, 1))]
    cases += [case("Tile", "x r", constants={"r": ints(*times)}) for times in ((2, 3), (1, 1))]
    cases += [case("Expand", "s z", constants={"z": ints(2, 2)})]
    check_cases(cases, {"x": data((3, 1)), "s": data((1,))})


@pytest.mark.parametrize("dtype", TYPES)
def test_types(dtype: str) -> None:
    cases = [case("Expand", "x s", constants={"s": ints(2, 3)}), case("Tile", "x r", constants={"r": ints(2)})]
    check_cases(cases, {"x": data((3,), dtype)}, float16=dtype.startswith("float"))


def test_shapes_computed_at_run_time() -> None:
    text = """<ir_version: 10, opset_import: ["": 23]>
    g (float[3,1] x, int64[3] s, int64[1] u, int64[2] r) => (float[A,B,C] y, float[3,D] v, float[E,F] z) {
        y = Expand (x, s)
        v = Expand (x, u)
        z = Tile (x, r)
    }"""
    inputs = {"x": data((3, 1)), "s": ints(2, 1, 4), "u": ints(5), "r": ints(2, 3)}
    check(model_of(text), inputs, rtol=0, atol=0, float16=False)
