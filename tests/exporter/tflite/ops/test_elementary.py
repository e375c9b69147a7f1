import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.ops.numeric_support import SPECIAL, few, nodes, sample, sizes, told, verify

FUNCTIONS = {
    "Exp": np.exp,
    "Log": np.log,
    "Sin": np.sin,
    "Cos": np.cos,
    "Floor": np.floor,
    "Ceil": np.ceil,
    "Round": np.round,
}


@pytest.mark.parametrize("op", FUNCTIONS)
def test_against_double_precision(op: str) -> None:
    """XNNPACK's exponential is 4e-6 off at 80."""
    x = np.linspace(-80, 80, 1001, dtype=np.float32)
    x = np.abs(x) + np.float32(1e-3) if op == "Log" else x
    want = FUNCTIONS[op](x.astype(np.float64)).astype(np.float32)
    verify(op, x, want=want, rtol=5e-6, atol=1e-6)


@pytest.mark.parametrize("op", FUNCTIONS)
def test_half_floats(op: str) -> None:
    x = sample((3, 3), "float16", positive=True)
    want = FUNCTIONS[op](x.astype(np.float32)).astype("float16")
    verify(op, x, want=want, rtol=1e-3, atol=1e-3)


def test_halves_are_rounded_to_even() -> None:
    x = np.array([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 2.4999, 1e8], np.float32)
    verify("Round", x, expect=["ROUND"], rtol=0, atol=0)


@pytest.mark.parametrize("op", ["Floor", "Ceil", "Log"])
def test_special_numbers(op: str) -> None:
    verify(op, SPECIAL)


def test_double_precision_is_told() -> None:
    told(nodes("Exp", sample((2,), "float64")), "Exp", "float64")


@few
@given(st.lists(sizes, max_size=6), st.sampled_from(sorted(FUNCTIONS)), st.sampled_from([13, 22]))
def test_any_shape(shape: list[int], op: str, opset: int) -> None:
    verify(op, sample(shape, positive=True), opset=opset)
