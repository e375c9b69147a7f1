import numpy as np
import pytest
from hypothesis import given
from tests.exporter.tflite.ops.numeric_support import (
    FLOATS,
    SIGNED,
    SPECIAL,
    UNSIGNED,
    broadcastable,
    few,
    nodes,
    refused,
    sample,
    told,
    verify,
)

PAIRS = [((2, 3), (2, 3)), ((1, 3, 3, 3), (3, 1, 1)), ((2, 1, 4), (3, 1)), ((), (2, 2)), ((4,), ()), ((), ())]


@pytest.mark.parametrize("op", ["Add", "Sub", "Mul", "Div"])
@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_broadcasting(op: str, left: tuple, right: tuple) -> None:
    x, y = sample(left), sample(right, seed=1)
    verify(op, x, y)
    verify(op, x, y, constant=[1])
    verify(op, x, y, constant=[0])


@pytest.mark.parametrize("op", ["Add", "Sub", "Mul"])
@pytest.mark.parametrize("dtype", [*SIGNED, *UNSIGNED, "float16"])
def test_types_wrap_around_as_numpy_does(op: str, dtype: str) -> None:
    x, y = sample((3, 5), dtype), sample((5,), dtype, seed=1)
    function = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply}[op]
    verify(op, x, y, want=function(x, y), rtol=0, atol=0)


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"])
def test_integer_division_truncates_toward_zero(dtype: str) -> None:
    x, y = sample((4, 9), dtype), sample((4, 9), dtype, seed=1)
    y[y == 0] = 3
    want = np.trunc(x.astype(np.float64) / y.astype(np.float64)).astype(dtype)
    assert dtype[0] == "u" or (want * y > x).any()
    verify("Div", x, y, want=want, rtol=0, atol=0)


def test_integers_beyond_24_bits_are_divided_exactly() -> None:
    x = np.array([2**24 + 1, -(2**24) - 1, 2**31 - 1], np.int32)
    verify("Div", x, np.ones(3, np.int32), want=x, rtol=0, atol=0)


def test_types_without_an_exact_carrier() -> None:
    told(nodes("Div", sample((3,), "float64"), sample((3,), "float64", positive=True)), "Div")
    refused(nodes("Sign", sample((3,), "uint64")), "Sign", "uint64")


@pytest.mark.parametrize("dtype", [*FLOATS, *SIGNED])
@pytest.mark.parametrize("op", ["Neg", "Abs", "Sign"])
def test_signs(op: str, dtype: str) -> None:
    x = sample((2, 7), dtype)
    x[0, :3] = 0, 1, -1
    function = {"Neg": np.negative, "Abs": np.abs, "Sign": np.sign}[op]
    verify(op, x, want=function(x), rtol=0, atol=0)


@pytest.mark.parametrize("dtype", UNSIGNED)
def test_unsigned_numbers_have_no_sign(dtype: str) -> None:
    x = np.array([0, 1, np.iinfo(dtype).max], dtype)
    verify("Abs", x, want=x)
    verify("Sign", x, want=np.array([0, 1, 1], dtype))


def test_the_lowest_integer_stays_what_it_is() -> None:
    for dtype in ("int32", "int64"):
        x = np.array([np.iinfo(dtype).min, -5], dtype)
        verify("Abs", x, want=np.abs(x))


def test_special_floats() -> None:
    verify("Abs", SPECIAL)
    verify("Sign", SPECIAL, oracle="reference")


@few
@given(broadcastable(rank=6))
def test_any_ranks_broadcast(shapes: list[tuple[int, ...]]) -> None:
    x, y = (sample(shape, seed=seed, positive=True) for seed, shape in enumerate(shapes))
    verify("Sub", x, y)
    verify("Div", x, y, constant=[1])
