import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.ops.numeric_support import SIGNED, few, nodes, sample, sizes, told, verify

SLOPES = [(3,), (1, 3), (3, 1, 1), (1, 3, 1, 1), (3, 3, 3), (2, 3, 3, 3), (3, 1)]


@pytest.mark.parametrize("shape", SLOPES)
@pytest.mark.parametrize("constant", [[], [1]])
def test_slopes(shape: tuple[int, ...], constant: list[int]) -> None:
    verify("PRelu", sample((2, 3, 3, 3)), sample(shape, seed=1), constant=constant)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1, 1)])
def test_a_single_constant_slope_is_leaky_relu(shape: tuple[int, ...]) -> None:
    verify("PRelu", sample((1, 3, 2)), np.full(shape, 0.2, np.float32), constant=[1], expect=["LEAKY_RELU"])


@pytest.mark.parametrize("rank", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("channels", [1, 3])
def test_opset_6_has_a_slope_for_each_channel(rank: int, channels: int) -> None:
    x = sample((2, 3, 4, 3, 2)[:rank] if rank > 1 else (3,))
    slope = sample((channels,), seed=1)
    placed = slope if rank == 1 else slope.reshape(-1, *[1] * (rank - 2))
    verify("PRelu", x, slope, constant=[1], opset=6, want=np.where(x < 0, x * placed, x))


@pytest.mark.parametrize("dtype", [*SIGNED, "float16"])
def test_types(dtype: str) -> None:
    x, slope = sample((3, 4), dtype), np.array([2, 0, 3, 1], dtype)
    verify("PRelu", x, slope, constant=[1], want=np.where(x < 0, x * slope, x), opset=16, rtol=1e-3)


def test_unsigned_numbers_are_never_negative() -> None:
    x = sample((3, 4), "uint32")
    verify("PRelu", x, np.array([2], "uint32"), constant=[1], want=x, opset=16)


def test_double_precision_is_told() -> None:
    told(nodes("PRelu", sample((2,), "float64"), sample((2,), "float64")), "PRelu", "float64")


@few
@given(st.lists(sizes, min_size=1, max_size=6), st.data())
def test_any_slope_that_broadcasts(shape: list[int], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(shape)))
    slope = [size if data.draw(st.booleans()) else 1 for size in shape[start:]]
    verify("PRelu", sample(shape), sample(slope, seed=1), constant=[1])
