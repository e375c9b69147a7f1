"""Pairs before layouts are chosen: those that change nothing go, uint8 becomes int8."""

import numpy as np
import onnx_ir as ir
import pytest
from tests.exporter.tflite.integer.pairs_support import ONE, OTHER, dequantize, pair, quantize
from tests.exporter.tflite.tfl import graph_input, model_of, op_names

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.integer.pairs import DropPairs, SignedPairs
from portproof.exporter.tflite.integer.record import Quantization, per_tensor, quantization_of, set_quantization
from portproof.exporter.tflite.make.movement import concat, pad, reshape


@pytest.mark.parametrize(("second", "left"), [(ONE, 1), (OTHER, 2)])
def test_a_pair_around_multiples_of_its_scale_goes(second: Quantization, left: int) -> None:
    b, x = Builder(23), graph_input("x", (2, 3))
    moved = pad(b, reshape(b, pair(b, x), (3, 2)), [(0, 1), (0, 0)])
    model = model_of(b, [x], {"y": pair(b, moved, second)})
    assert DropPairs()(model).modified is (left == 1)
    assert op_names(model).count("DEQUANTIZE") == left
    assert model.graph.outputs[0].name == "y"
    assert not DropPairs()(model).modified


def test_of_several_parts_all_must_be_multiples() -> None:
    for found, dropped in ((ONE, True), (OTHER, False)):
        b, x = Builder(23), graph_input("x", (2, 3))
        both = concat(b, [pair(b, x), pair(b, x, found)], 0)
        assert DropPairs()(model_of(b, [x], {"y": pair(b, both)})).modified is dropped


@pytest.mark.parametrize("op", ["NEG", "RELU6", "AVERAGE_POOL_2D"])
def test_what_computes_needs_its_pair(op: str) -> None:
    b, x = Builder(23), graph_input("x", (1, 3, 3, 2))
    y = b.emit(op, [pair(b, x)], shape=(1, 3, 3, 2), dtype=np.float32)
    assert not DropPairs()(model_of(b, [x], {"y": pair(b, y)})).modified


def test_a_maximum_with_an_activation_needs_its_pair() -> None:
    b, x = Builder(23), graph_input("x", (1, 3, 3, 2))
    y = b.emit("MAX_POOL_2D", [pair(b, x)], shape=(1, 3, 3, 2), dtype=np.float32, fused_activation_function="RELU6")
    assert not DropPairs()(model_of(b, [x], {"y": pair(b, y)})).modified


def test_uint8_becomes_int8() -> None:
    b, x = Builder(23), graph_input("x", (2, 3))
    q = quantize(b, x, per_tensor(0.5, 130), np.uint8)
    model = model_of(b, [x], {"y": dequantize(b, q), "z": dequantize(b, q)})
    assert SignedPairs()(model).modified
    assert (q.dtype, quantization_of(q)) == (ir.DataType.INT8, per_tensor(0.5, 2))
    assert not SignedPairs()(model).modified


def test_a_uint8_input_is_converted_behind_it() -> None:
    b, x = Builder(23), graph_input("x", (2, 3), np.uint8)
    set_quantization(x, per_tensor(0.5, 128))
    model = model_of(b, [x], {"y": dequantize(b, x)})
    assert SignedPairs()(model).modified
    assert op_names(model) == ["QUANTIZE", "DEQUANTIZE"]
    assert (x.dtype, quantization_of(model.graph[0].outputs[0])) == (ir.DataType.UINT8, per_tensor(0.5, 0))


def test_uint8_that_is_read_otherwise_stays() -> None:
    b, x = Builder(23), graph_input("x", (2, 3))
    q = quantize(b, x, per_tensor(0.5, 130), np.uint8)
    cast = b.emit("CAST", [q], shape=(2, 3), dtype=np.int32)
    assert not SignedPairs()(model_of(b, [x], {"y": dequantize(b, q), "z": cast})).modified
