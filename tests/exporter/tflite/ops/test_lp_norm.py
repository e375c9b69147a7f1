import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import check, node_model
from tests.exporter.tflite.ops.samples import SMALL, narrowed, normal, refusal


def lp_norm(x: np.ndarray, **attributes):
    return node_model("LpNormalization", {"x": x}, **attributes)


@pytest.mark.parametrize("opset", [7, 22])
@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_axes(axis: int, p: int, opset: int) -> None:
    x = normal(3, 3, 4)
    check(lp_norm(x, axis=axis, p=p, opset=opset), {"x": x}, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("size", [0, 1e-9, 1e-15])
def test_small_vectors_have_length_one_and_zero_has_none(p: int, size: float) -> None:
    x = normal(2, 4) * np.float32(size)
    check(lp_norm(x, p=p), {"x": x}, rtol=1e-5, atol=1e-6)


def test_float16() -> None:
    x = normal(2, 4).astype(np.float16)
    check(lp_norm(x), {"x": x}, oracle="reference", rtol=1e-2, atol=1e-3)


@SMALL
@given(st.lists(st.integers(1, 4), min_size=1, max_size=5), st.sampled_from([1, 2]), st.data())
def test_any_shape(shape: list[int], p: int, data: st.DataObject) -> None:
    x, axis = normal(*shape), data.draw(st.integers(-len(shape), len(shape) - 1))
    check(lp_norm(x, axis=axis, p=p), {"x": x}, rtol=1e-5, atol=1e-6)


def test_refusals() -> None:
    assert "float64" in narrowed(lp_norm(np.zeros((2, 3))))
    assert "p=3" in refusal(lp_norm(normal(2, 3), p=3))
