import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.ops.numeric_support import (
    SIGNED,
    SPECIAL,
    UNSIGNED,
    broadcastable,
    few,
    sample,
    verify,
)


@pytest.mark.parametrize(("op", "expect"), [("Sum", ["ADD"] * 2), ("Max", ["MAXIMUM"] * 2), ("Min", ["MINIMUM"] * 2)])
def test_three_inputs(op: str, expect: list[str]) -> None:
    verify(op, *(sample((2, 3), seed=seed) for seed in range(3)), expect=expect)


@pytest.mark.parametrize("op", ["Sum", "Mean", "Max", "Min"])
@pytest.mark.parametrize("opset", [8, 13, 23])
def test_one_input_is_the_result(op: str, opset: int) -> None:
    verify(op, sample((3, 3)), opset=opset)


@pytest.mark.parametrize("op", ["Sum", "Mean"])
def test_half_floats(op: str) -> None:
    arrays = [sample((4,), "float16", seed) for seed in range(3)]
    want = sum(array.astype(np.float32) for array in arrays) / (3 if op == "Mean" else 1)
    verify(op, *arrays, want=want.astype("float16"), rtol=1e-3)


@pytest.mark.parametrize("dtype", [*SIGNED, *UNSIGNED, "float16"])
def test_extremes_of_every_type(dtype: str) -> None:
    x, y = sample((5, 5), dtype), sample((5,), dtype, seed=1)
    verify("Max", x, y, want=np.maximum(x, y), rtol=0, atol=0)
    verify("Min", x, y, want=np.minimum(x, y), rtol=0, atol=0)


@pytest.mark.parametrize(("op", "function"), [("Max", np.maximum), ("Min", np.minimum)])
def test_nan_gets_through_a_constant_bound(op: str, function: np.ufunc) -> None:
    bound = np.float32(0.5)
    verify(op, SPECIAL, bound, constant=[1], want=function(SPECIAL, bound))
    verify(op, bound, SPECIAL, constant=[0], want=function(SPECIAL, bound))


@few
@given(broadcastable(count=3), st.sampled_from(["Sum", "Mean", "Max", "Min"]))
def test_broadcasting(shapes: list[tuple[int, ...]], op: str) -> None:
    verify(op, *(sample(shape, seed=seed) for seed, shape in enumerate(shapes)))
