import numpy as np
import pytest
from tests.runtimes.coreml.inferred import inferred
from tests.runtimes.coreml.mil import run

from portproof.device_profiles.errors import PortproofError

RNG = np.random.default_rng(0)


def _random(*shape: int, dtype: str = "float32") -> np.ndarray:
    return RNG.normal(size=shape).astype(dtype)


@pytest.mark.parametrize(
    ("x", "y"), [((3,), (3,)), ((3,), (2, 3, 4)), ((2, 4, 3), (3,)), ((5, 4, 3), (2, 5, 3, 3)), ((4, 4), (4, 4))]
)
def test_matmul_as_numpy(x: tuple[int, ...], y: tuple[int, ...]) -> None:
    left, right = _random(*x), _random(*y)
    got = run("matmul", "float32", x=left, y=right)
    assert got.shape == np.matmul(left, right).shape
    np.testing.assert_allclose(got, np.matmul(left, right), atol=1e-5)


def test_transposes_leave_vectors_alone() -> None:
    x, y = _random(3), _random(3, 3)
    got = run("matmul", "float32", x=x, y=y, transpose_x=True, transpose_y=True)
    np.testing.assert_allclose(got, x @ y.T, atol=1e-6)


def test_whole_numbers_are_multiplied_exactly() -> None:
    x, weight = np.array([[2**24 + 1, 1]], np.int32), np.array([[1, 3], [1, 1]], np.int32)
    bias = np.array([1, 0], np.int32)
    assert run("linear", "int32", x=x, weight=weight, bias=bias).tolist() == [[2**24 + 5, 2**24 + 2]]
    assert run("matmul", "int32", x=x, y=weight).tolist() == [[2**24 + 2, 3 * 2**24 + 4]]


@pytest.mark.parametrize("shape", [(4,), (2, 4), (2, 3, 4), (1, 2, 3, 4)])
def test_linear(shape: tuple[int, ...]) -> None:
    x, weight, bias = _random(*shape), _random(5, 4), _random(5)
    np.testing.assert_allclose(run("linear", "float32", x=x, weight=weight), x @ weight.T, atol=1e-5)
    np.testing.assert_allclose(run("linear", "float32", x=x, weight=weight, bias=bias), x @ weight.T + bias, atol=1e-5)


def test_float16_products_are_accumulated_in_float32() -> None:
    x = np.full((1, 4096), 1.0, np.float16)
    weight = np.full((1, 4096), 2**-12, np.float16)
    weight[0, 0] = 2048
    assert run("linear", "float16", x=x, weight=weight).tolist() == [[np.float16(2048 + 4095 / 4096)]]


@pytest.mark.parametrize(
    ("equation", "x", "y"),
    [
        ("nchw,nwhu->nchu", (2, 3, 4, 5), (2, 5, 4, 6)),
        ("abcd,adce->abce", (2, 3, 1, 5), (1, 5, 4, 6)),
        ("bnqd,bdqk->bnqk", (1, 3, 4, 4), (2, 4, 1, 4)),
        ("chw,whr->chr", (3, 4, 5), (5, 4, 6)),
        ("xyz,zyw->xyw", (3, 1, 5), (5, 4, 6)),
    ],
)
def test_einsum_broadcasts_along_batch_and_height(equation: str, x: tuple[int, ...], y: tuple[int, ...]) -> None:
    left, right = _random(*x), _random(*y)
    got = run("einsum", "float32", values=(left, right), equation=equation)
    np.testing.assert_allclose(got, inferred("einsum", values=(left, right), equation=equation), atol=1e-5)


@pytest.mark.parametrize("equation", ["ij,jk->ik", "nchw,nchw->nchw", "nchw,nwhu->ncuh", "nchw->nchw"])
def test_other_equations_do_not_exist(equation: str) -> None:
    with pytest.raises(PortproofError, match="only nchw,nwhu->nchu"):
        run("einsum", "float32", values=(_random(2, 2, 2, 2), _random(2, 2, 2, 2)), equation=equation)


def test_a_weight_that_is_no_matrix() -> None:
    with pytest.raises(PortproofError, match="is a matrix"):
        run("linear", "float32", x=_random(2, 3), weight=_random(1, 2, 3))


@pytest.mark.parametrize("declared", ["float32", "float16", "int32"])
def test_operands_of_different_types(declared: str) -> None:
    """Allowed since iOS 17: the result has the type of the operand that is not constant."""
    x, y = RNG.integers(0, 10, (2, 5)).astype(np.int32), RNG.integers(0, 10, (5, 3)).astype(np.float32)
    assert np.array_equal(run("matmul", declared, x=x, y=y, opset="CoreML7"), x @ y)
    assert np.array_equal(run("matmul", declared, x=y.T.copy(), y=x.T.copy(), opset="CoreML7"), y.T @ x.T)
    bias = np.array([1.0, 2.0, 3.0], np.float16)
    got = run("linear", declared, x=x, weight=y.T.copy(), bias=bias, opset="CoreML7")
    assert np.array_equal(got, x @ y + bias)


def test_fractions_are_not_dropped_in_silence() -> None:
    x, y = np.ones((1, 2), np.int32), np.full((2, 1), 0.5, np.float32)
    assert run("matmul", "float32", x=x, y=y, opset="CoreML7").tolist() == [[1.0]]
    with pytest.raises(PortproofError, match="fractions are multiplied"):
        run("matmul", "int32", x=x, y=y, opset="CoreML7")
