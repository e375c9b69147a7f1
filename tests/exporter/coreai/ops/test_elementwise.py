"""Element by element, and broadcast."""

import numpy as np
import onnx
import pytest
from tests.exporter.coreai.harness import check, check_all, needs_coreai, run
from tests.exporter.tflite.harness import node_model

from portproof.device_profiles.errors import PortproofError

pytestmark = needs_coreai
X = np.array([[-2.5, -0.5, 0.0, 0.5, 1.5, 3.7], [np.inf, -np.inf, np.nan, 1e30, -1e30, 7]], np.float32)
POSITIVE = np.array([0.25, 0.5, 0.75, 1.0], np.float32)
INTS = np.array([-7, -1, 0, 3, 2**40], np.int64)


def test_of_floats() -> None:
    ops = ["Abs", "Neg", "Exp", "Floor", "Ceil", "Round", "Sign", "Relu", "Tanh", "Sigmoid", "Erf", "Atan", "Asinh"]
    check_all({op: (node_model(op, {"x": X}), {"x": X}) for op in ops})


def test_of_small_floats() -> None:
    ops = ["Sqrt", "Log", "Reciprocal", "Sin", "Cos", "Tan", "Sinh", "Cosh", "Asin", "Acos", "Identity"]
    check_all({op: (node_model(op, {"x": POSITIVE}), {"x": POSITIVE}) for op in ops})


def test_of_integers() -> None:
    check_all(
        {op: (node_model(op, {"x": INTS}), {"x": INTS}) for op in ("Abs", "Neg", "Sign", "Relu")}, oracle="reference"
    )


def test_broadcast() -> None:
    y = np.array([[2.0], [-3.0]], np.float32)
    ops = ["Add", "Sub", "Mul", "Div", "Greater", "Less", "GreaterOrEqual", "LessOrEqual", "Equal"]
    check_all({op: (node_model(op, {"x": X, "o": y}), {"x": X, "o": y}) for op in ops})


def test_whole_numbers_are_divided_towards_zero() -> None:
    fed = {"x": np.array([-7, 7, -6], np.int32), "o": np.array([2, -2, 4], np.int32)}
    cases = {"Div": (node_model("Div", fed), fed), "Mod": (node_model("Mod", fed, fmod=1), fed)}
    check_all(cases)


def test_of_any_number() -> None:
    fed = {name: np.array(row, np.float32) for name, row in zip("abc", ([1, -2], [0, 5], [3, 3]), strict=True)}
    check_all({op: (node_model(op, fed), fed) for op in ("Max", "Min", "Sum", "Mean")})


def test_truth() -> None:
    fed = {"x": np.array([True, True, False, False]), "o": np.array([True, False, True, False])}
    cases = {op: (node_model(op, fed), fed) for op in ("And", "Or", "Xor")}
    check_all({**cases, "Not": (node_model("Not", {"x": fed["x"]}), {"x": fed["x"]})})


def test_where_and_pow() -> None:
    fed = {"c": np.array([True, False]), "x": np.array([[1], [2]], np.int64), "o": np.array([3, 4], np.int64)}
    check(node_model("Where", fed), fed)
    check(node_model("Pow", {"x": POSITIVE}, constants={"e": np.int64(3)}), {"x": POSITIVE})


def test_casts() -> None:
    for given, wanted in (
        (X[:1], "INT32"),
        (X[:1], "BOOL"),
        (INTS[:4], "FLOAT"),
        (INTS[:4], "BOOL"),
        (X[:1], "FLOAT16"),
    ):
        to = int(getattr(onnx.TensorProto, wanted))
        check(node_model("Cast", {"x": given}, to=to), {"x": given})


def test_a_cast_that_wraps_in_onnx_is_refused() -> None:
    x = np.array([1, 300], np.int32)
    with pytest.raises(PortproofError) as caught:
        run(node_model("Cast", {"x": x}, to=3), {"x": x})
    assert "saturates where ONNX wraps" in caught.value.messages[0].why
