"""Rows and columns of every linear operator, against ONNX Runtime: rows times columns is its output."""

import numpy as np
import pytest
from onnx import helper
from onnxruntime import InferenceSession

from portproof.calibration.rounding.layer import LinearLayer
from portproof.calibration.rounding.windows import Windows

ALL = 10**6


def _evaluate(op, x, weight, **attributes):
    """By ONNX Runtime: the reference evaluator has no grouped ConvTranspose."""
    names = [helper.make_tensor_value_info(n, 1, v.shape) for n, v in (("x", x), ("w", weight))]
    node = helper.make_node(op, ["x", "w"], ["y"], **attributes)
    graph = helper.make_graph([node], "g", names, [helper.make_tensor_value_info("y", 1, None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    (y,) = InferenceSession(model.SerializeToString()).run(None, {"x": x, "w": weight})
    return y


def _output(layer, x, weight):
    """[positions, channels]."""
    rows = layer.rows(x, ALL, 0.0)
    products = np.einsum("ngk,gok->ngo", rows, layer.columns(weight))
    return products.reshape(len(rows), -1)


def _convolution(op, weight, windows, group, **attributes):
    layer = LinearLayer(op=op, weight_shape=weight.shape, groups=group, windows=windows)
    pads = [*windows.pads_begin, *windows.pads_end]
    given = {"strides": windows.strides, "dilations": windows.dilations, "pads": pads, "group": group}
    return layer, {**given, **attributes}


@pytest.mark.parametrize(
    ("group", "weight", "size", "strides", "dilations", "begin", "end"),
    [
        (1, (6, 4, 3, 3), (7, 6), (1, 1), (1, 1), (1, 1), (1, 1)),
        (4, (8, 1, 3, 2), (7, 6), (2, 1), (1, 2), (0, 1), (2, 0)),
        (2, (6, 2, 5), (11,), (3,), (2,), (4,), (1,)),
        (1, (3, 4, 1, 1), (5, 5), (2, 2), (1, 1), (0, 0), (0, 0)),
    ],
)
def test_convolution(group, weight, size, strides, dilations, begin, end):
    chance = np.random.default_rng(1)
    w = chance.normal(size=weight).astype(np.float32)
    x = chance.normal(size=(2, group * weight[1], *size)).astype(np.float32)
    cut = Windows(strides=strides, dilations=dilations, pads_begin=begin, pads_end=end)
    layer, attributes = _convolution("Conv", w, cut, group)
    expected = np.moveaxis(_evaluate("Conv", x, w, **attributes), 1, -1).reshape(-1, weight[0])
    np.testing.assert_allclose(_output(layer, x, w), expected, atol=1e-4)
    np.testing.assert_array_equal(layer.weight(layer.columns(w)), w)
    assert layer.taps == np.prod(weight[2:])


@pytest.mark.parametrize(
    ("group", "strides", "begin", "end", "output_padding"),
    [(1, (2, 2), (1, 1), (1, 1), (1, 0)), (2, (1, 3), (0, 2), (1, 0), (0, 0)), (2, (2, 2), (3, 0), (0, 3), (0, 0))],
)
def test_transposed_convolution(group, strides, begin, end, output_padding):
    chance = np.random.default_rng(1)
    w = chance.normal(size=(4, 3, 3, 3)).astype(np.float32)
    x = chance.normal(size=(1, 4, 5, 4)).astype(np.float32)
    cut = Windows(
        strides=strides,
        dilations=(1, 1),
        pads_begin=begin,
        pads_end=end,
        transposed=True,
        output_padding=output_padding,
    )
    layer, attributes = _convolution("ConvTranspose", w, cut, group, output_padding=output_padding)
    expected = np.moveaxis(_evaluate("ConvTranspose", x, w, **attributes), 1, -1).reshape(-1, 3 * group)
    np.testing.assert_allclose(_output(layer, x, w), expected, atol=1e-4)
    np.testing.assert_array_equal(layer.weight(layer.columns(w)), w)
    assert layer.channel_axis == 1


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("input_transposed", [False, True])
def test_gemm(transposed, input_transposed):
    chance = np.random.default_rng(1)
    w = chance.normal(size=(3, 5) if transposed else (5, 3)).astype(np.float32)
    x = chance.normal(size=(5, 7) if input_transposed else (7, 5)).astype(np.float32)
    layer = LinearLayer(op="Gemm", weight_shape=w.shape, transposed=transposed, input_transposed=input_transposed)
    expected = _evaluate("Gemm", x, w, transA=int(input_transposed), transB=int(transposed))
    np.testing.assert_allclose(_output(layer, x, w), expected, atol=1e-5)
    np.testing.assert_array_equal(layer.weight(layer.columns(w)), w)
    assert layer.channel_axis == int(not transposed)


def test_product_of_three_axes():
    chance = np.random.default_rng(1)
    w, x = chance.normal(size=(5, 3)), chance.normal(size=(2, 4, 5))
    layer = LinearLayer(op="MatMul", weight_shape=w.shape)
    np.testing.assert_allclose(_output(layer, x, w), (x @ w).reshape(-1, 3))
    assert layer.taps == 1


def test_positions_are_spread_and_seeded():
    layer = LinearLayer(op="MatMul", weight_shape=(1, 1))
    x = np.arange(1000.0).reshape(1000, 1)
    some = layer.rows(x, 10, 0.3)[:, 0, 0]
    assert [int(v // 100) for v in some] == list(range(10)), "one from each tenth"
    np.testing.assert_array_equal(layer.rows(x, 10, 0.3)[:, 0, 0], some)
    assert not np.array_equal(layer.rows(x, 10, 0.4)[:, 0, 0], some)
