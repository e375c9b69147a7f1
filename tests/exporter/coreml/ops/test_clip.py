"""Clip with constant, missing and computed bounds."""

import numpy as np
import pytest
from tests.exporter.coreml.harness import check
from tests.exporter.tflite.harness import node_model

X = np.linspace(-9, 9, 24, dtype=np.float32).reshape(2, 3, 4)
INF = float("inf")


@pytest.mark.parametrize(
    ("low", "high", "expect"),
    [
        (0, 6, ["relu6"]),
        (-2, 3, ["clip"]),
        (0, None, ["relu"]),
        (0, INF, ["relu"]),
        (-1, None, ["maximum"]),
        (None, 4, ["minimum"]),
        (5, 2, ["maximum", "minimum"]),
        (1, 1, ["maximum", "minimum"]),
        (None, None, []),
    ],
)
def test_constant_bounds(low: float | None, high: float | None, expect: list[str]) -> None:
    bounds = {"low": low, "high": high}
    constants = {name: np.array(value, np.float32) for name, value in bounds.items() if value is not None}
    order = ["x", *(name if bounds[name] is not None else "" for name in bounds)]
    check(node_model("Clip", {"x": X}, constants=constants, order=order), {"x": X}, expect=expect)


def test_attributes_of_old_opsets() -> None:
    check(node_model("Clip", {"x": X}, opset=6, min=-1.5, max=2.5), {"x": X}, expect=["clip"])
    check(node_model("Clip", {"x": X}, opset=6, max=2.5), {"x": X}, expect=["minimum"])


def test_computed_bounds() -> None:
    fed = {"x": X, "low": np.array(-2, np.float32), "high": np.array(3, np.float32)}
    check(node_model("Clip", fed), fed)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.int64])
def test_integers(dtype: type) -> None:
    x = np.array([0, 1, 5, 100, 127], dtype)
    constants = {"low": np.array(2, dtype), "high": np.array(99, dtype)}
    check(node_model("Clip", {"x": x}, constants=constants), {"x": x}, float16=False)


def test_bounds_at_the_ends_of_the_type() -> None:
    x = np.array([-5, 0, 7], np.int64)
    constants = {"low": np.array(0), "high": np.array(np.iinfo(np.int64).max)}
    check(node_model("Clip", {"x": x}, constants=constants), {"x": x}, float16=False, expect=["maximum"])
