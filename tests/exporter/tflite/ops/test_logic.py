import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.ops.numeric_support import (
    FLOATS,
    SIGNED,
    SPECIAL,
    UNSIGNED,
    broadcastable,
    few,
    sample,
    verify,
)

COMPARISONS = {
    "Equal": np.equal,
    "Less": np.less,
    "Greater": np.greater,
    "LessOrEqual": np.less_equal,
    "GreaterOrEqual": np.greater_equal,
}
LOGICAL = {"And": np.logical_and, "Or": np.logical_or, "Xor": np.logical_xor}


@pytest.mark.parametrize("op", COMPARISONS)
@pytest.mark.parametrize("dtype", [*FLOATS, *SIGNED, *UNSIGNED])
def test_comparisons(op: str, dtype: str) -> None:
    x, y = sample((4, 4), dtype), sample((4,), dtype, seed=1)
    x[0], x[1, 0] = y, y[0] + 1
    verify(op, x, y, want=COMPARISONS[op](x, y))


@pytest.mark.parametrize("op", COMPARISONS)
def test_nan_compares_with_nothing(op: str) -> None:
    x, y = np.meshgrid(SPECIAL, SPECIAL)
    verify(op, x, y, want=COMPARISONS[op](x, y))


def test_large_integers_are_not_rounded() -> None:
    x = np.array([2**53 + 1, 2**31, -(2**62)], np.int64)
    verify("Equal", x, x + 1, want=np.zeros(3, bool))
    verify("Less", x, x + 1, want=np.ones(3, bool))


def test_booleans_are_equal() -> None:
    x, y = sample((5, 5), "bool"), sample((5, 5), "bool", seed=1)
    verify("Equal", x, y, want=x == y)


@few
@given(broadcastable(), st.sampled_from(sorted(LOGICAL)))
def test_logical(shapes: list[tuple[int, ...]], op: str) -> None:
    x, y = (sample(shape, "bool", seed) for seed, shape in enumerate(shapes))
    verify(op, x, y)


def test_not() -> None:
    verify("Not", sample((2, 3, 2), "bool"), expect=["LOGICAL_NOT"])


@pytest.mark.parametrize("dtype", FLOATS)
def test_questions_about_floats(dtype: str) -> None:
    x = np.array([np.nan, np.inf, -np.inf, 0, 2], dtype)
    verify("IsNaN", x, want=np.isnan(x), opset=20)
    for negative in (0, 1):
        for positive in (0, 1):
            want = (np.isposinf(x) & bool(positive)) | (np.isneginf(x) & bool(negative))
            verify("IsInf", x, want=want, opset=20, detect_negative=negative, detect_positive=positive)
