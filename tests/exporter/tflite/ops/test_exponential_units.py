import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.ops.numeric_support import few, nodes, refused, sample, sizes, verify

WIDE = np.concatenate([np.linspace(-100, 100, 401), np.linspace(-2, 2, 101)]).astype(np.float32)
OPS = ["Elu", "Celu", "Selu", "Softplus", "Mish"]


@pytest.mark.parametrize("op", OPS)
def test_defaults_over_a_wide_range(op: str) -> None:
    verify(op, WIDE, rtol=3e-6)


@pytest.mark.parametrize(("op", "expect"), [("Elu", ["ELU"]), ("Celu", ["ELU"])])
def test_usual_alpha_is_one_kernel(op: str, expect: list[str]) -> None:
    verify(op, sample((2, 3)), expect=expect)


@pytest.mark.parametrize("alpha", [2.0, 0.1, 0.0, -0.5])
def test_alpha_of_elu_counts(alpha: float) -> None:
    verify("Elu", WIDE, alpha=alpha, expect=["ELU", "LEAKY_RELU"])
    verify("Elu", WIDE, alpha=alpha, opset=6)


@pytest.mark.parametrize("alpha", [2.0, 0.25])
def test_alpha_of_celu_scales_both_ways(alpha: float) -> None:
    verify("Celu", WIDE, alpha=alpha)


def test_selu_with_its_own_constants() -> None:
    verify("Selu", WIDE, alpha=1.2, gamma=0.7)
    verify("Selu", WIDE, opset=6)


@pytest.mark.parametrize("op", ["Softplus", "Mish"])
def test_extremes_do_not_overflow(op: str) -> None:
    x = np.array([-1e30, -200, 0, 200, 1e30], np.float32)
    verify(op, x, want=np.maximum(x, np.array([0, 0, np.log(2) if op == "Softplus" else 0, 0, 0], np.float32)))


def test_mish_keeps_the_digits_of_small_results() -> None:
    x = np.array([-30, -20, -12], np.float32)
    double = x.astype(np.float64)
    verify("Mish", x, want=(double * np.tanh(np.log1p(np.exp(double)))).astype(np.float32), rtol=3e-6, atol=0)


@pytest.mark.parametrize("op", ["Elu", "Selu", "Softplus", "Mish"])
def test_half_floats(op: str) -> None:
    verify(op, sample((3, 4), "float16"), oracle="reference", rtol=3e-3, atol=2e-3)


@pytest.mark.parametrize("alpha", [0.0, -1.0])
def test_celu_without_a_positive_alpha_is_refused(alpha: float) -> None:
    refused(nodes("Celu", sample((2,)), alpha=alpha), "alpha")


@few
@given(st.lists(sizes, max_size=5), st.sampled_from(OPS))
def test_any_shape(shape: list[int], op: str) -> None:
    verify(op, sample(shape))
