import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import tflite_outputs
from tests.exporter.tflite.ops.numeric_support import SPECIAL, broadcastable, few, nodes, refused, sample, verify

from portproof.exporter.tflite.lower import lower
from portproof.exporter.tflite.writer.model import write


@pytest.mark.parametrize(
    ("exponent", "expect"),
    [
        (2.0, ["SQUARE"]),
        (0.5, ["SQRT"]),
        (-0.5, ["DIV", "SQRT"]),
        (-1.0, ["DIV"]),
        (3.0, ["MUL", "SQUARE"]),
        (1.7, ["POW"]),
        (0.0, ["POW"]),
        (-2.0, ["POW"]),
    ],
)
def test_constant_exponents(exponent: float, expect: list[str]) -> None:
    x = sample((2, 3, 4), positive=True)
    verify("Pow", x, np.float32(exponent), constant=[1], expect=expect)
    verify("Pow", x, np.array([exponent], np.float32), constant=[1], opset=7)


def test_first_power_is_the_base() -> None:
    verify("Pow", sample((2, 3)), np.float32(1), constant=[1])


def test_root_of_zero_below_a_line_is_infinite() -> None:
    """XNNPACK's RSQRT would give NaN; the portable DIV kernel clamps infinity to the largest float."""
    x = np.array([0.0, 4.0], np.float32)
    model, fed = nodes("Pow", x, np.float32(-0.5), constant=[1])
    np.testing.assert_array_equal(tflite_outputs(write(lower(model)), fed)["y"], [np.inf, 0.5])


@pytest.mark.parametrize("dtype", ["float32", "int32", "int64", "uint32", "int8", "float64"])
def test_exponents_of_other_types(dtype: str) -> None:
    x, y = sample((3, 3), positive=True), np.array([0, 1, 3], dtype)
    verify("Pow", x, y, constant=[1], want=np.power(x, y.astype(np.float32)))
    if dtype != "float64":
        verify("Pow", x, y, want=np.power(x, y.astype(np.float32)))


def test_negative_bases() -> None:
    verify("Pow", sample((3, 4)), np.array([0, 1, 2, 5], np.float32))


def test_half_floats() -> None:
    x, y = sample((4,), "float16", positive=True), np.array(1.5, "float16")
    verify("Pow", x, y, constant=[1], want=np.power(x, y), rtol=1e-3)


@pytest.mark.parametrize("dtype", ["int32", "int64"])
@pytest.mark.parametrize("exponent", [1, 2, 5, 8])
def test_integer_powers_are_exact(dtype: str, exponent: int) -> None:
    x = np.array([0, -3, 7, 11], dtype)
    verify("Pow", x, np.array(exponent, dtype), constant=[1], want=x**exponent, rtol=0, atol=0)
    verify("Pow", x, np.float32(exponent), constant=[1], want=x**exponent, rtol=0, atol=0)


def test_integer_powers_of_several_exponents() -> None:
    x, y = np.array([2, 3, -5], np.int32), np.array([30, 0, 3], np.int32)
    verify("Pow", x, y, want=x**y, rtol=0, atol=0)
    verify("Pow", x, y.astype(np.int64), constant=[1], want=x**y, rtol=0, atol=0)


@pytest.mark.parametrize("constant", [[], [1]])
@pytest.mark.parametrize("exponent", ["int32", "int64", "uint64", "float32"])
@pytest.mark.parametrize("base", ["int32", "int64", "uint8"])
def test_integer_powers_computed_at_run_time(base: str, exponent: str, constant: list[int]) -> None:
    x = np.array([[0], [1], [2], [3]], base)
    y = np.array([0, 1, 2, 5], exponent)
    verify("Pow", x, y, constant=constant, want=(x ** y.astype(base)).astype(base), rtol=0, atol=0)


def test_integer_powers_at_the_ends() -> None:
    x, y = np.array([-1, -1, 1, 2, -3, 0, 2], np.int64), np.array([-3, 1001, -2, -1, 39, 70, 62], np.int64)
    want = np.array([-1, -1, 1, 0, (-3) ** 39, 0, 2**62], np.int64)
    verify("Pow", x, y, want=want, rtol=0, atol=0)
    half = np.array([0.5, 1.5, 2.0], np.float32)
    verify("Pow", np.array([9, 4, 7], np.int32), half, want=np.array([3, 8, 49], np.int32), rtol=0, atol=0)


@pytest.mark.parametrize(
    ("base", "exponent", "constant", "word"),
    [
        ("int32", np.array([-1], np.int32), [1], "whole number"),
        ("int32", np.array([0.5], np.float32), [1], "whole number"),
    ],
)
def test_what_no_kernel_computes_exactly_is_refused(base: str, exponent: np.ndarray, constant: list, word: str) -> None:
    refused(nodes("Pow", sample((1, 2), base, positive=True), exponent, constant=constant), word)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_reciprocal_and_root(dtype: str) -> None:
    x = sample((2, 5), dtype, positive=True)
    verify("Reciprocal", x, expect=["DIV"] if dtype == "float32" else None, rtol=1e-3 if dtype == "float16" else 1e-6)
    verify("Sqrt", x, expect=["SQRT"] if dtype == "float32" else None, rtol=1e-3 if dtype == "float16" else 1e-6)


def test_roots_of_special_numbers() -> None:
    verify("Sqrt", SPECIAL)


@few
@given(broadcastable(), st.booleans())
def test_broadcasting(shapes: list[tuple[int, ...]], constant: bool) -> None:
    x, y = (sample(shape, seed=seed, positive=True) for seed, shape in enumerate(shapes))
    verify("Pow", x, y, constant=[1] if constant else [], rtol=2e-5)
