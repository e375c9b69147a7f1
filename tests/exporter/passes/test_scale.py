import numpy as np
import pytest

from portproof.exporter.passes.scale import FoldScale

RNG = np.random.default_rng(0)
HEAD = "g (float[2,4,8] x) => (float[2,6,6] y) "


def normal(*shape: int) -> np.ndarray:
    return (RNG.normal(size=shape) + 3).astype(np.float32)


@pytest.mark.parametrize(
    "node", ["Mul(a, s)", "Mul(s, a)", "Add(a, s)", "Add(s, a)", "Sub(a, s)", "Sub(s, a)", "Div(a, s)"]
)
@pytest.mark.parametrize("shape", [(1, 6, 1), (6, 1), (1,), ()])
def test_folds_a_constant_per_channel(run, node, shape):
    outcome = run(
        FoldScale(), HEAD + f"{{ a = Conv(x, w, b)\n y = {node} }}", w=normal(6, 4, 3), b=normal(6), s=normal(*shape)
    )
    assert outcome.ops == ["Conv"]
    assert outcome.max_error < 1e-3  # of values to 500


def test_folds_chains(run):
    text = HEAD + "{ a = Conv(x, w)\n m = Mul(a, s)\n y = Add(m, t) }"
    assert run(FoldScale(), text, w=normal(6, 4, 3), s=normal(6, 1), t=normal(6, 1)).ops == ["Conv"]


@pytest.mark.parametrize("shape", [(6,), (1, 6, 6), (2, 1, 1), (1, 1, 6)])
def test_a_constant_that_varies_otherwise_stays(run, shape):
    outcome = run(FoldScale(), HEAD + "{ a = Conv(x, w)\n y = Mul(a, s) }", w=normal(6, 4, 3), s=normal(*shape))
    assert outcome.ops == ["Conv", "Mul"]


def test_a_constant_that_widens_the_result_stays(run):
    text = "g (float[2,4,8] x) => (float[1,2,6,6] y) { a = Conv(x, w)\n y = Mul(a, s) }"
    assert not run(FoldScale(), text, w=normal(6, 4, 3), s=normal(1, 1, 1, 1)).modified


def test_a_constant_over_a_convolution_stays(run):
    assert not run(FoldScale(), HEAD + "{ a = Conv(x, w)\n y = Div(s, a) }", w=normal(6, 4, 3), s=normal(1)).modified


def test_two_convolutions_are_no_constant(run):
    text = HEAD + "{ a = Conv(x, w)\n b = Conv(x, w)\n y = Add(a, b) }"
    assert not run(FoldScale(), text, w=normal(6, 4, 3)).modified


def test_gemm_takes_a_row(run):
    text = "g (float[2,5] x) => (float[2,6] y) { a = Gemm(x, w)\n y = Add(a, s) }"
    outcome = run(FoldScale(), text, w=normal(5, 6), s=normal(6))
    assert outcome.ops == ["Gemm"]


def test_gemm_with_factors_of_its_own_stays(run):
    text = "g (float[2,5] x) => (float[2,6] y) { a = Gemm<beta = 0.5>(x, w, b)\n y = Add(a, s) }"
    assert not run(FoldScale(), text, w=normal(5, 6), b=normal(6), s=normal(6)).modified
