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


def shifted(x: np.ndarray, y: np.ndarray, direction: str) -> np.ndarray:
    """As operator set 28 says, in Python's integers."""
    width, dtype = 8 * x.itemsize, x.dtype
    mask = (1 << width) - 1
    results = []
    for number, distance in zip(x.reshape(-1).tolist(), y.reshape(-1).tolist(), strict=True):
        inside = 0 <= distance < width
        if direction == "RIGHT":
            results.append(number >> distance if inside else (-1 if number < 0 else 0))
        else:
            results.append((number << distance) & mask if inside else 0)
    return np.array([item & mask for item in results], f"uint{width}").view(dtype).reshape(x.shape)


@pytest.mark.parametrize("dtype", [*SIGNED, *UNSIGNED])
@pytest.mark.parametrize("direction", ["LEFT", "RIGHT"])
@pytest.mark.parametrize("constant", [[], [1]])
def test_shifts_by_any_distance(dtype: str, direction: str, constant: list[int]) -> None:
    """Operator set 28: signed types, negative distances and those beyond the width."""
    info = np.iinfo(dtype)
    distances = [d for d in (-70, -1, 0, 1, 3, info.bits - 1, info.bits, info.bits + 3) if info.min <= d <= info.max]
    y = np.array([*distances, info.max], dtype)
    x, y = (np.ascontiguousarray(item) for item in np.broadcast_arrays(bits((6, 1), dtype), y))
    want = shifted(x, y, direction)
    verify("BitShift", x, y, constant=constant, want=want, rtol=0, atol=0, direction=direction, opset=28)


@few
@given(broadcastable(), st.sampled_from(sorted(BITWISE)), st.sampled_from(["int32", "uint8"]))
def test_broadcasting(shapes: list[tuple[int, ...]], op: str, dtype: str) -> None:
    x, y = (np.random.default_rng(seed).integers(0, 99, shape).astype(dtype) for seed, shape in enumerate(shapes))
    verify(op, np.asarray(x), np.asarray(y), want=np.asarray(BITWISE[op](x, y)))
