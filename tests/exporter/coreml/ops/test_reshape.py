"""Reshape, Flatten, Squeeze, Unsqueeze."""

import numpy as np
import pytest
from tests.exporter.coreml.harness import check
from tests.exporter.coreml.ops.movement_support import TYPES, case, check_cases, data, ints, refused
from tests.exporter.tflite.harness import model_of


def reshaped(*sizes: int) -> object:
    return case("Reshape", "x s", constants={"s": np.array(sizes, np.int64)})


def test_reshape_and_flatten() -> None:
    cases = [reshaped(4, 3, 2), reshaped(0, -1), reshaped(0, 0, 2, 2), reshaped(-1), reshaped(1, 2, 3, 4)]
    cases += [case("Flatten", axis=axis) for axis in (0, 1, 3, -1)]
    cases += [reshaped(2, 3, 4)]
    check_cases(cases, {"x": data((2, 3, 4))})


def test_squeeze_and_unsqueeze() -> None:
    cases = [case("Squeeze"), case("Squeeze", "x a", constants={"a": ints(0, -2)})]
    cases += [
        case("Unsqueeze", "x a", constants={"a": ints(-1)}),
        case("Unsqueeze", "v a", constants={"a": ints(0, 3)}),
    ]
    check_cases(cases, {"x": data((1, 3, 1, 4)), "v": data((2, 3))})
    old = [case("Squeeze", axes=[0]), case("Unsqueeze", axes=[-1]), case("Squeeze")]
    check_cases(old, {"x": data((1, 3, 1))}, opset=11, float16=False)


def test_scalars() -> None:
    x = {"x": np.array([[2.5]], np.float32), "s": np.array(1.5, np.float32)}
    cases = [reshaped(), case("Squeeze"), case("Unsqueeze", "s a", constants={"a": ints(0, 1)})]
    cases += [case("Reshape", "s a", constants={"a": ints(1, 1)}), case("Reshape", "s a", constants={"a": ints(-1)})]
    check_cases(cases, x)


@pytest.mark.parametrize("dtype", TYPES)
def test_types(dtype: str) -> None:
    cases = [reshaped(3, 4), case("Unsqueeze", "x a", constants={"a": ints(1)})]
    check_cases(cases, {"x": data((4, 3), dtype)}, float16=dtype.startswith("float"))


def test_a_shape_computed_at_run_time() -> None:
    text = """<ir_version: 10, opset_import: ["": 23]>
    g (float[2,3] x, int64[2] s) => (float[%s] y) { y = Reshape (x, s) }"""
    for declared in ("3,2", "N,M"):
        check(model_of(text % declared), {"x": data((2, 3)), "s": ints(3, 2)})


def test_six_axes_come_back_through_squeeze() -> None:
    text = """<ir_version: 10, opset_import: ["": 23]>
    g (float[2,3,4] x) => (float[2,3,4,1] y, float[2,12] z) {
        p = Unsqueeze (x, a)
        y = Squeeze (p, c)
        z = Flatten (p)
    }"""
    check(model_of(text, a=ints(1, 3, 5), c=ints(1, 3)), {"x": data((2, 3, 4))}, rtol=0, atol=0)


RESHAPED = """<ir_version: 10, opset_import: ["": 23]> g (float[2,3] x) => (float[N,M] y) { y = %s (x, s) }"""


def test_refusals() -> None:
    refused(model_of(RESHAPED % "Reshape", s=ints(4, -1)), "MIL's reshape")
    refused(model_of(RESHAPED % "Unsqueeze", s=ints(0, 0)), "one axis twice")
