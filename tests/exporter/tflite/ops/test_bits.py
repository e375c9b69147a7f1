import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.ops.numeric_support import SIGNED, UNSIGNED, broadcastable, few, verify

BITWISE = {"BitwiseAnd": np.bitwise_and, "BitwiseOr": np.bitwise_or, "BitwiseXor": np.bitwise_xor}
NARROW = ("int8", "int16", "int32", *UNSIGNED)


def bits(shape: tuple[int, ...], dtype: str, seed: int = 0) -> np.ndarray:
    """Any bits of the whole type, the extremes first."""
    info = np.iinfo(dtype)
    x = np.random.default_rng(seed).integers(info.min, info.max, shape, dtype=dtype, endpoint=True)
    x.reshape(-1)[:2] = info.min, info.max
    return x


@pytest.mark.parametrize("op", BITWISE)
@pytest.mark.parametrize("dtype", NARROW)
def test_two_operands(op: str, dtype: str) -> None:
    x, y = bits((8, 8), dtype), bits((8, 8), dtype, seed=1)
    verify(op, x, y, want=BITWISE[op](x, y), rtol=0, atol=0)
    verify(op, x, y, constant=[1], want=BITWISE[op](x, y), rtol=0, atol=0)


@pytest.mark.parametrize("dtype", [*SIGNED, *UNSIGNED])
def test_complement(dtype: str) -> None:
    x = bits((9,), dtype)
    verify("BitwiseNot", x, want=~x, rtol=0, atol=0)


@pytest.mark.parametrize("dtype", UNSIGNED)
@pytest.mark.parametrize("direction", ["LEFT", "RIGHT"])
@pytest.mark.parametrize("constant", [[], [1]])
def test_shifts(dtype: str, direction: str, constant: list[int]) -> None:
    width = np.iinfo(dtype).bits
    x, y = bits((3, width), dtype), np.arange(width).astype(dtype)
    want = x << y if direction == "LEFT" else x >> y
    verify("BitShift", x, y, constant=constant, want=want, rtol=0, atol=0, direction=direction)


@few
@given(broadcastable(), st.sampled_from(sorted(BITWISE)), st.sampled_from(["int32", "uint8"]))
def test_broadcasting(shapes: list[tuple[int, ...]], op: str, dtype: str) -> None:
    x, y = (np.random.default_rng(seed).integers(0, 99, shape).astype(dtype) for seed, shape in enumerate(shapes))
    verify(op, np.asarray(x), np.asarray(y), want=np.asarray(BITWISE[op](x, y)))
