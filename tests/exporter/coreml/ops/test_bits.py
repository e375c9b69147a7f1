"""Operators on the bits of integers."""

import numpy as np
import pytest
from tests.exporter.coreml.harness import check, check_all, run
from tests.exporter.tflite.harness import node_model

from portproof.device_profiles.errors import PortproofError

RNG = np.random.default_rng(7)
TYPES = [np.int8, np.uint8, np.int16, np.uint16, np.int32]


def _numbers(dtype: type, shape: tuple[int, ...]) -> np.ndarray:
    limits = np.iinfo(dtype)
    numbers = RNG.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    numbers.flat[:2] = limits.min, limits.max
    return numbers


@pytest.mark.parametrize("dtype", TYPES)
def test_pairs_and_not(dtype: type) -> None:
    fed = {"a": _numbers(dtype, (2, 5)), "b": _numbers(dtype, (5,))}
    cases = {op: (node_model(op, fed), fed) for op in ("BitwiseAnd", "BitwiseOr", "BitwiseXor")}
    cases["BitwiseNot"] = node_model("BitwiseNot", {"a": fed["a"]}), {"a": fed["a"]}
    check_all(cases, oracle="reference", float16=False)


def test_pairs_of_five_axes() -> None:
    fed = {"a": _numbers(np.int32, (2, 1, 3, 1, 2)), "b": _numbers(np.int32, (2, 3, 1, 2))}
    check(node_model("BitwiseXor", fed), fed, oracle="reference", float16=False)


def test_not_of_numbers_beyond_int32() -> None:
    x = np.array([1, 2], np.uint32)
    with pytest.raises(PortproofError, match="beyond int32"):
        run(node_model("BitwiseNot", {"x": x}), {"x": x})


@pytest.mark.parametrize("direction", ["LEFT", "RIGHT"])
@pytest.mark.parametrize("constant", [True, False])
def test_shifts(direction: str, constant: bool) -> None:
    x, y = np.array([1, 200, 7, 255], np.uint8), np.array([3, 1, 0, 7], np.uint8)
    if constant:
        model, fed = node_model("BitShift", {"x": x}, constants={"d": y}, direction=direction), {"x": x}
    else:
        model, fed = node_model("BitShift", {"x": x, "d": y}, direction=direction), {"x": x, "d": y}
    check(model, fed, float16=False)
