import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.ops.numeric_support import few, nodes, refused, sample, sizes, told, verify

SHAPES = [
    ((4,), (4,)),
    ((4,), (4, 3)),
    ((3, 4), (4,)),
    ((4, 4), (4, 4)),
    ((2, 3, 4), (4, 5)),
    ((3, 4), (2, 4, 5)),
    ((2, 3, 4), (4,)),
    ((4,), (2, 4, 3)),
    ((2, 1, 3, 4), (3, 4, 2)),
    ((1, 2, 1, 3, 4), (2, 1, 2, 4, 5)),
    ((2, 1, 2, 2, 3, 4), (2, 2, 1, 2, 4, 2)),
]


@pytest.mark.parametrize(("left", "right"), SHAPES)
@pytest.mark.parametrize("constant", [[], [0], [1]])
def test_ranks(left: tuple, right: tuple, constant: list[int]) -> None:
    verify("MatMul", sample(left), sample(right, seed=1), constant=constant)


def test_constant_matrix_is_fully_connected() -> None:
    verify("MatMul", sample((2, 3, 4)), sample((4, 5)), constant=[1], expect=["FULLY_CONNECTED"])
    verify("MatMul", sample((3, 4)), sample((4, 5)), expect=["BATCH_MATMUL"])


@pytest.mark.parametrize(("left", "right"), [SHAPES[0], SHAPES[1], SHAPES[4], SHAPES[8]])
@pytest.mark.parametrize("dtype", ["int32", "int64", "uint32"])
def test_integers_are_exact(left: tuple, right: tuple, dtype: str) -> None:
    x, y = sample(left, dtype), sample(right, dtype, seed=1)
    verify("MatMul", x, y, want=np.matmul(x, y), rtol=0, atol=0)


def test_half_floats() -> None:
    x, y = sample((3, 4), "float16"), sample((4, 5), "float16", seed=1)
    for constant in ([], [1]):
        want = np.matmul(x.astype(np.float32), y.astype(np.float32)).astype("float16")
        verify("MatMul", x, y, constant=constant, want=want, rtol=1e-3, atol=1e-2)


def test_double_precision_is_told() -> None:
    told(nodes("MatMul", sample((2, 2), "float64"), sample((2, 2), "float64")), "MatMul", "float64")


@pytest.mark.parametrize("flip_a", [0, 1])
@pytest.mark.parametrize("flip_b", [0, 1])
@pytest.mark.parametrize("constant", [[], [1], [1, 2], [2]])
def test_gemm_transpositions(flip_a: int, flip_b: int, constant: list[int]) -> None:
    a, b = sample((4, 3) if flip_a else (3, 4)), sample((5, 4) if flip_b else (4, 5), seed=1)
    how = {"transA": flip_a, "transB": flip_b, "alpha": 0.5, "beta": 2.0}
    verify("Gemm", a, b, sample((5,), seed=2), constant=constant, **how)


@pytest.mark.parametrize("shape", [(5,), (1,), (), (1, 5), (3, 1), (3, 5), (1, 1)])
@pytest.mark.parametrize("constant", [[1, 2], [1], []])
def test_gemm_bias_shapes(shape: tuple, constant: list[int]) -> None:
    verify("Gemm", sample((3, 4)), sample((4, 5)), sample(shape, seed=2), constant=constant)
    verify("Gemm", sample((3, 4)), sample((4, 5)), sample(shape, seed=2), constant=constant, beta=-0.5, opset=9)


def test_gemm_constants_become_one_operator() -> None:
    arrays = sample((3, 4)), sample((5, 4)), sample((5,), seed=2)
    verify("Gemm", *arrays, constant=[1, 2], transB=1, alpha=0.1, beta=3.0, expect=["FULLY_CONNECTED"])


@pytest.mark.parametrize("constant", [[], [1]])
def test_gemm_without_bias(constant: list[int]) -> None:
    verify("Gemm", sample((3, 3)), sample((3, 3)), constant=constant, alpha=1.5)
    verify("Gemm", sample((3, 3)), sample((3, 3)), sample((3,)), constant=constant, beta=0.0)


def test_gemm_of_opset_6() -> None:
    x, y, c = sample((2, 3)), sample((3, 4), seed=1), sample((4,), seed=2)
    verify("Gemm", x, y, c, constant=[1, 2], opset=6, broadcast=1, want=x @ y + c)


def test_gemm_of_integers() -> None:
    x, y, c = sample((4, 2), "int32"), sample((4, 3), "int32", seed=1), sample((3,), "int32", seed=2)
    verify("Gemm", x, y, c, transA=1, want=x.T @ y + c, rtol=0, atol=0)
    refused(nodes("Gemm", x, y, c, transA=1, alpha=0.5), "alpha")


@few
@given(st.lists(sizes, max_size=4), st.tuples(sizes, sizes, sizes), st.data())
def test_batches_broadcast(batch: list[int], mkn: tuple[int, int, int], data: st.DataObject) -> None:
    m, k, n = mkn
    left, right = ([size if data.draw(st.booleans()) else 1 for size in batch] for _ in range(2))
    right = right[data.draw(st.integers(0, len(batch))) :]
    constant = data.draw(st.sampled_from([[], [0], [1]]))
    verify("MatMul", sample((*left, m, k)), sample((*right, k, n), seed=1), constant=constant)
