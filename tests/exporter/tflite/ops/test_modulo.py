import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.ops.numeric_support import (
    SIGNED,
    UNSIGNED,
    broadcastable,
    few,
    sample,
    verify,
)


def divisors(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    y = sample(shape, dtype, seed=1)
    y[y == 0] = 3
    return y


@pytest.mark.parametrize("dtype", [*SIGNED, *UNSIGNED])
def test_sign_of_the_divisor(dtype: str) -> None:
    x, y = sample((6, 6), dtype), divisors((6, 6), dtype)
    verify("Mod", x, y, want=np.mod(x, y))


@pytest.mark.parametrize("dtype", [*SIGNED, *UNSIGNED])
def test_sign_of_the_dividend(dtype: str) -> None:
    x, y = sample((6, 6), dtype), divisors((6, 6), dtype)
    assert dtype[0] == "u" or (np.fmod(x, y) != np.mod(x, y)).any()
    verify("Mod", x, y, want=np.fmod(x, y), fmod=1)


def test_lowest_integers_do_not_overflow() -> None:
    x, y = np.array([-(2**31), 2**31 - 1, -(2**31)], np.int32), np.array([3, -(2**31), -7], np.int32)
    verify("Mod", x, y, want=np.fmod(x, y), fmod=1)
    verify("Mod", x, y, want=np.mod(x, y))


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_floats(dtype: str) -> None:
    x, y = sample((5, 5), dtype), sample((5, 5), dtype, seed=1)
    verify("Mod", x, y, want=np.fmod(x, y), fmod=1)


def test_special_floats() -> None:
    x = np.array([np.nan, np.inf, 5, -5, 5, -7.5], np.float32)
    y = np.array([2, 2, np.inf, -np.inf, np.nan, 2], np.float32)
    want = np.array([np.nan, np.nan, 5, -5, np.nan, -1.5], np.float32)
    verify("Mod", x, y, want=want, fmod=1)


@few
@given(broadcastable(), st.sampled_from([0, 1]), st.sampled_from(["int32", "int64"]))
def test_broadcasting(shapes: list[tuple[int, ...]], fmod: int, dtype: str) -> None:
    x, y = sample(shapes[0], dtype), divisors(shapes[1], dtype)
    verify("Mod", x, y, fmod=fmod)
