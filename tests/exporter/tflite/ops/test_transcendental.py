import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.ops.numeric_support import few, nodes, sample, sizes, told, verify

INSIDE = np.linspace(-1, 1, 401)
WIDE = np.concatenate([np.linspace(-80, 80, 801), np.geomspace(1e-6, 1e-1, 50)])
LARGE = np.concatenate([np.geomspace(1, 1e30, 200), -np.geomspace(1, 1e30, 200)])
CASES = {
    "Tan": (np.tan, np.linspace(-1.5, 1.5, 301)),
    "Asin": (np.arcsin, INSIDE),
    "Acos": (np.arccos, INSIDE),
    "Atan": (np.arctan, np.concatenate([WIDE, LARGE])),
    "Sinh": (np.sinh, WIDE),
    "Cosh": (np.cosh, WIDE),
    "Asinh": (np.arcsinh, np.concatenate([WIDE, LARGE])),
    "Acosh": (np.arccosh, np.geomspace(1.001, 1e30, 200)),
    "Atanh": (np.arctanh, np.linspace(-0.99, 0.99, 201)),
    "Erf": (np.vectorize(math.erf), np.concatenate([np.linspace(-12, 12, 1001), [-np.inf, np.inf, 0.0, -0.0]])),
}


@pytest.mark.parametrize("op", CASES)
def test_against_double_precision(op: str) -> None:
    function, numbers = CASES[op]
    x = numbers.astype(np.float32)
    verify(op, x, want=function(x.astype(np.float64)).astype(np.float32), rtol=5e-6, atol=8e-7)


@pytest.mark.parametrize("op", ["Sinh", "Asin", "Atan", "Tan"])
def test_small_numbers_keep_their_digits(op: str) -> None:
    x = np.array([1e-8, -1e-5, 1e-3], np.float32)
    verify(op, x, want=CASES[op][0](x.astype(np.float64)).astype(np.float32), rtol=1e-6, atol=0)


@pytest.mark.parametrize(
    ("op", "outside"), [("Asin", 1.5), ("Acos", -1.5), ("Acosh", 0.5), ("Acosh", -2), ("Atanh", 2)]
)
def test_outside_of_the_domain_is_nan(op: str, outside: float) -> None:
    x = np.array([outside, np.nan], np.float32)
    verify(op, x, want=np.array([np.nan, np.nan], np.float32))


@pytest.mark.parametrize("op", CASES)
def test_half_floats(op: str) -> None:
    x = np.array([1.25, 2.5] if op == "Acosh" else [-0.75, 0.5], "float16")
    want = np.asarray(CASES[op][0](x.astype(np.float64))).astype("float16")
    verify(op, x, want=want, rtol=1e-3)


def test_double_precision_is_told() -> None:
    told(nodes("Erf", sample((2,), "float64")), "Erf", "float64")


@few
@given(st.lists(sizes, max_size=5), st.sampled_from(sorted(set(CASES) - {"Acosh", "Tan"})))
def test_any_shape(shape: list[int], op: str) -> None:
    verify(op, np.asarray(np.tanh(sample(shape)) * 0.9, np.float32), atol=1e-6)
