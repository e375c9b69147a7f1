import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import check, node_model, ops_of
from tests.exporter.tflite.ops.samples import SMALL, narrowed, normal


def layer_norm(x: np.ndarray, axis: int = -1, *, bias: bool = True, **attributes):
    shape = x.shape[axis:] if axis else x.shape
    constants = {"scale": normal(*shape, seed=1).astype(x.dtype)}
    if bias:
        constants["b"] = normal(*shape, seed=2).astype(x.dtype)
    return node_model("LayerNormalization", {"x": x}, constants=constants, axis=axis, **attributes)


def rms_norm(x: np.ndarray, axis: int = -1, **attributes):
    constants = {"scale": normal(*x.shape[axis:], seed=1).astype(x.dtype)}
    return node_model("RMSNormalization", {"x": x}, constants=constants, axis=axis, **attributes)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("axis", [-1, 1, 2, -3])
def test_layer_norm(axis: int, bias: bool) -> None:
    x = normal(2, 3, 4, 4)
    check(layer_norm(x, axis, bias=bias, epsilon=1e-3), {"x": x}, rtol=1e-4, atol=1e-5)


def test_a_large_mean_does_not_cost_digits() -> None:
    x = normal(4, 64) + 1000
    # 1e-3 is what float32 itself leaves of numbers near 1000 (spacing 6e-5) divided by a deviation of 1.
    check(layer_norm(x), {"x": x}, oracle="reference", rtol=1e-3, atol=1e-3)


def test_mean_and_deviation_can_be_read() -> None:
    x = normal(2, 3, 4)
    model = layer_norm(x, outputs=("y", "mean", "inverse"))
    check(model, {"x": x}, rtol=1e-4, atol=1e-5)


def test_operators_of_layer_norm() -> None:
    ops = ops_of(layer_norm(normal(2, 3, 4)))
    assert ops == {"ADD": 2, "MEAN": 2, "MUL": 2, "RSQRT": 1, "SQUARED_DIFFERENCE": 1, "SUB": 1}


@pytest.mark.parametrize("axis", [-1, 1, 2])
def test_rms_norm(axis: int) -> None:
    x = normal(2, 3, 4, 4)
    check(rms_norm(x, axis), {"x": x}, oracle="reference", rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("axes", [None, [0, 2, 3], [1], [-1, -2], [0, 1, 2, 3]])
@pytest.mark.parametrize("opset", [9, 13])
def test_mean_variance(axes: list[int] | None, opset: int) -> None:
    x = normal(2, 3, 4, 4)
    model = node_model("MeanVarianceNormalization", {"x": x}, axes=axes, opset=opset)
    check(model, {"x": x}, rtol=1e-4, atol=1e-5)


def test_float16() -> None:
    x = normal(2, 3, 4).astype(np.float16)
    for model in (layer_norm(x), rms_norm(x)):
        check(model, {"x": x}, oracle="reference", rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("opset", [17, 23])
def test_versions(opset: int) -> None:
    x = normal(2, 3, 4)
    check(layer_norm(x, opset=opset), {"x": x}, rtol=1e-4, atol=1e-5)


@SMALL
@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.data())
def test_any_shape(shape: list[int], data: st.DataObject) -> None:
    x, axis = normal(*shape), data.draw(st.integers(-len(shape), -1))
    check(layer_norm(x, axis, epsilon=0.1), {"x": x}, rtol=1e-4, atol=1e-5)


def test_double_precision_is_told() -> None:
    assert "float64" in narrowed(layer_norm(np.zeros((2, 3))))
    assert "float64" in narrowed(rms_norm(np.zeros((2, 3))))
