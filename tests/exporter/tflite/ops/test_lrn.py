import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import check, node_model, ops_of, tflite_outputs
from tests.exporter.tflite.ops.samples import SMALL, narrowed, normal


def lrn(x: np.ndarray, size: int, **attributes):
    return node_model("LRN", {"x": x}, size=size, **attributes)


def near(x: np.ndarray, size: int, alpha: float = 0.0001, beta: float = 0.75, bias: float = 1.0) -> None:
    """Against ONNX's formula: neither oracle has even sizes and all ranks."""
    from portproof.exporter.tflite.conversion import convert_model

    model = lrn(x, size, alpha=alpha, beta=beta, bias=bias)
    sums = np.zeros_like(x)
    for c in range(x.shape[1]):
        window = x[:, max(0, c - (size - 1) // 2) : c + size // 2 + 1]
        sums[:, c] = np.square(window).sum(axis=1)
    want = x / (bias + alpha / size * sums) ** beta
    for reference in (False, True):
        data = convert_model(model, io_layout="keep").data
        got = tflite_outputs(data, {"x": x}, reference=reference)["y"]
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("size", [1, 3, 5, 7])
@pytest.mark.parametrize("attributes", [{}, {"alpha": 0.5, "beta": 0.5, "bias": 2.0}], ids=str)
def test_windows_of_odd_size(attributes: dict, size: int) -> None:
    x = normal(2, 5, 3, 3) * 3
    check(lrn(x, size, **attributes), {"x": x}, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("size", [2, 4, 6])
def test_windows_of_even_size(size: int) -> None:
    near(normal(2, 5, 3, 3) * 3, size, alpha=0.5, beta=0.5, bias=2.0)


def test_a_symmetric_window_is_one_kernel() -> None:
    x = normal(1, 5, 3, 3)
    assert ops_of(lrn(x, 3)) == {"LOCAL_RESPONSE_NORMALIZATION": 1, "TRANSPOSE": 2}
    assert ops_of(lrn(x, 2))["POW"] == 1


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("shape", [(2, 4), (2, 4, 5), (1, 4, 2, 3, 2)])
def test_other_ranks(shape: tuple[int, ...], size: int) -> None:
    near(normal(*shape), size, alpha=0.3)


def test_float16() -> None:
    x = normal(1, 4, 3, 3).astype(np.float16)
    check(lrn(x, 3), {"x": x}, oracle="reference", rtol=1e-2, atol=1e-3)


@SMALL
@given(st.data())
def test_any_shape(data: st.DataObject) -> None:
    x = normal(*(data.draw(st.integers(1, 4)) for _ in range(4)))
    near(x, data.draw(st.integers(1, 6)), alpha=0.7)


def test_double_precision_is_told() -> None:
    assert "float64" in narrowed(lrn(np.zeros((1, 2, 3, 3)), 3))
