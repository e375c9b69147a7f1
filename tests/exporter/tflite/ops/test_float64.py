"""float64: exact where kernels or bits allow, else in float32 with a warning."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.ops.numeric_support import broadcastable, few, nodes, verify

from portproof.exporter.tflite.conversion import convert_model

WIDE = np.array([1e300, -1e300, 1e-310, 1 / 3, -0.0, 0.0, np.inf, -np.inf, 2**53 + 1.0, 7.0, np.nan])
ARITHMETIC = ["Add", "Sub", "Mul", "Max", "Min", "Sum"]
COMPARISONS = ["Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual"]


def codes(op: str, *arrays: np.ndarray, constant: tuple[int, ...] = (), **options: object) -> list[str]:
    """The warnings of converting one node."""
    model, _ = nodes(op, *arrays, constant=constant, **options)
    return [message.code for message in convert_model(model).messages]


@pytest.mark.parametrize("op", [*ARITHMETIC, *COMPARISONS])
def test_every_digit_is_kept(op: str) -> None:
    finite = WIDE if op in COMPARISONS else WIDE[:-3]
    x, y = finite[:, None], finite[None, :]
    verify(op, x, y, rtol=0, atol=0)
    verify(op, x, y, constant=(1,), rtol=0, atol=0)
    assert codes(op, x, y) == []


@few
@given(broadcastable(rank=4), st.sampled_from([*ARITHMETIC, *COMPARISONS]))
def test_broadcasting(shapes: list[tuple[int, ...]], op: str) -> None:
    x, y = (np.random.default_rng(seed).integers(-3, 3, shape) / 3 for seed, shape in enumerate(shapes))
    verify(op, np.asarray(x), np.asarray(y), rtol=0, atol=0)


def test_exact_functions_of_one_number() -> None:
    x = WIDE[:-1]
    verify("Neg", x, rtol=0, atol=0)
    verify("Clip", x, np.array(-1e200), np.array(1e200), rtol=0, atol=0)
    assert codes("Neg", x) == []


@pytest.mark.parametrize(
    ("op", "options"),
    [("Exp", {}), ("ReduceLogSumExp", {"opset": 17}), ("Softmax", {}), ("ReduceMean", {"opset": 17}), ("Sqrt", {})],
)
def test_the_rest_is_computed_in_float32_and_told(op: str, options: dict) -> None:
    x = np.linspace(0.1, 2, 9).reshape(3, 3)
    verify(op, x, rtol=1e-6, **options)
    assert codes(op, x, **options) == ["W-FLOAT64"]


def test_running_sums_and_places() -> None:
    x = np.linspace(-1, 2, 9).reshape(3, 3)
    verify("CumSum", x, np.array(1), constant=(1,), rtol=1e-6)
    verify("ArgMax", x, axis=1)
    verify("TopK", x, np.array([2]), constant=(1,), outputs=("y", "i"), rtol=1e-6)
    verify("Einsum", x, x, equation="ij,jk->ik", rtol=1e-5)


def test_a_cast_is_what_the_model_asks_for() -> None:
    assert codes("Cast", WIDE, to=1) == []
