"""Add, Sub, Mul, Div, Neg, Abs, Sign, Reciprocal; as old opsets broadcast."""

import numpy as np
import pytest
from tests.exporter.coreml.harness import check, check_all, run
from tests.exporter.tflite.harness import node_model

from portproof.device_profiles.errors import PortproofError

X = np.array([[1, -2, 3], [4, 5, -6]], np.float32)
Y = np.array([2, 4, -0.5], np.float32)
INTS = np.array([7, -7, 8, -8, 100, -100])


BINARY = ["Add", "Sub", "Mul", "Div"]


def test_floats() -> None:
    check_all({op: (node_model(op, {"a": X, "b": Y}), {"a": X, "b": Y}) for op in BINARY})
    check_all({op: (node_model(op, {"a": X}, constants={"b": Y}), {"a": X}) for op in BINARY})


@pytest.mark.parametrize("dtype", [np.int64, np.int8, np.uint8])
def test_integers_truncate_and_wrap(dtype: type) -> None:
    a = (INTS % 256 if dtype is np.uint8 else INTS).astype(dtype)
    fed = {"a": a, "b": np.array([2, 3, 3, 5, 2, 3], dtype)}
    check_all({op: (node_model(op, fed), fed) for op in BINARY}, oracle="reference", float16=False)


def test_of_one() -> None:
    ops = ["Neg", "Abs", "Sign"]
    check_all({op: (node_model(op, {"x": X}), {"x": X}) for op in ops})
    check_all({op: (node_model(op, {"x": INTS}), {"x": INTS}) for op in ops}, float16=False)


def test_reciprocal() -> None:
    check(node_model("Reciprocal", {"x": X}), {"x": X}, expect=["real_div"])


def test_the_lowest_narrow_integer() -> None:
    x = np.array([-128, 127], np.int8)
    cases = {op: (node_model(op, {"x": x}), {"x": x}) for op in ("Neg", "Abs")}
    check_all(cases, float16=False, oracle="reference")


@pytest.mark.parametrize("op", ["Add", "Sub", "Mul", "Div", "Pow"])
def test_old_broadcasting_at_an_axis(op: str) -> None:
    a = np.linspace(0.5, 2, 24, dtype=np.float32).reshape(2, 3, 2, 2)
    b = np.array([1, 2, 0.5], np.float32)
    model = node_model(op, {"a": a, "b": b}, opset=6, broadcast=1, axis=1)
    want = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide, "Pow": np.power}[op]
    got, _ = run(model, {"a": a, "b": b})
    np.testing.assert_allclose(got["y"], want(a, b[:, None, None]), rtol=1e-5)


def test_old_broadcasting_of_truth_values_and_comparisons() -> None:
    a, b = np.array([[True, False], [True, True]]), np.array([True, False])
    got, _ = run(node_model("And", {"a": a, "b": b}, opset=6, broadcast=1, axis=0), {"a": a, "b": b})
    np.testing.assert_array_equal(got["y"], a & b[:, None])
    x = np.array([[1, 2], [3, 4]], np.float32)
    y = np.array([2, 3], np.float32)
    got, _ = run(node_model("Greater", {"a": x, "b": y}, opset=6, broadcast=1), {"a": x, "b": y})
    np.testing.assert_array_equal(got["y"], x > y)


def test_old_shapes_that_differ_without_broadcast() -> None:
    with pytest.raises(PortproofError, match="without broadcast"):
        run(node_model("Add", {"a": X, "b": X[:1]}, opset=6), {"a": X, "b": X[:1]})
