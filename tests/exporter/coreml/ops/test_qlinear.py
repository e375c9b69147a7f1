"""Operators on 8-bit integers: the same integers as ONNX's reference, in float16 programs too."""

from typing import Any

import numpy as np
import pytest
from tests.exporter.coreml.harness import check, check_all
from tests.exporter.tflite.harness import node_model

from portproof.exporter.coreml.make.products import parts_of

RNG = np.random.default_rng(3)


def _ints(dtype: type, *shape: int) -> np.ndarray:
    limits = np.iinfo(dtype)
    return RNG.integers(limits.min, limits.max, shape, dtype, endpoint=True)


def _number(value: float, dtype: type = np.float32) -> np.ndarray:
    return np.array(value, dtype)


@pytest.mark.parametrize(("left", "right"), [(np.uint8, np.int8), (np.int8, np.int8), (np.uint8, np.uint8)])
def test_products(left: type, right: type) -> None:
    fed = {"a": _ints(left, 3, 5)}
    fixed = {"b": _ints(right, 5, 4), "az": _number(7, left), "bz": _ints(right, 4)}
    cases: dict[str, Any] = {
        "zeros": (node_model("MatMulInteger", fed, constants=fixed), fed),
        "plain": (node_model("MatMulInteger", {**fed, "b": fixed["b"]}), {**fed, "b": fixed["b"]}),
    }
    check_all(cases, oracle="reference", atol=0, rtol=0)


def test_rescaled_products() -> None:
    fed = {"a": _ints(np.uint8, 2, 3, 64)}
    fixed = {
        "as": _number(0.02),
        "az": _number(113, np.uint8),
        "b": _ints(np.uint8, 64, 4),
        "bs": _number(0.01),
        "bz": _number(114, np.uint8),
        "ys": _number(0.1),
        "yz": _number(118, np.uint8),
    }
    check(node_model("QLinearMatMul", fed, constants=fixed), fed, oracle="reference", atol=0, rtol=0)


@pytest.mark.parametrize("late", [False, True])
def test_convolutions(late: bool) -> None:
    x, w, zero = _ints(np.uint8, 1, 3, 6, 5), _ints(np.uint8, 4, 3, 3, 2), _number(120, np.uint8)
    fed = {"x": x, "w": w} if late else {"x": x}
    fixed = {"xz": zero} if late else {"w": w, "xz": zero}
    model = node_model("ConvInteger", fed, constants=fixed, order=["x", "w", "xz"], pads=[1, 0, 1, 1])
    check(model, fed, atol=0, rtol=0)


def test_a_convolution_of_many_channels() -> None:
    x, w = _ints(np.uint8, 1, 96, 4, 4), _ints(np.int8, 2, 96, 3, 3)
    fixed = {
        "xs": _number(0.02),
        "xz": _number(128, np.uint8),
        "w": w,
        "ws": np.array([0.01, 0.02], np.float32),
        "wz": np.zeros(2, np.int8),
        "ys": _number(0.9),
        "yz": _number(100, np.uint8),
        "bias": np.array([1000, -2000], np.int32),
    }
    check(node_model("QLinearConv", {"x": x}, constants=fixed), {"x": x}, atol=0, rtol=0)


def test_groups() -> None:
    x, w = _ints(np.uint8, 1, 4, 5, 5), _ints(np.uint8, 4, 2, 3, 3)
    check(node_model("ConvInteger", {"x": x}, constants={"w": w}, group=2, dilations=[2, 1]), {"x": x}, atol=0, rtol=0)


def test_sums_are_cut_where_they_would_not_be_exact() -> None:
    assert parts_of(np.full((1, 4), 5 << 20)) == [(0, 3), (3, 4)]
    assert parts_of(np.array([[1, 2, 3]])) == [(0, 3)]
