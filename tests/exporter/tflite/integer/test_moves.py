"""DEQUANTIZE goes behind moves, QUANTIZE in front of them."""

import numpy as np
import onnx_ir as ir
import pytest
from tests.exporter.tflite.integer.pairs_support import ONE, OTHER, dequantize, pair, quantize
from tests.exporter.tflite.tfl import graph_input, model_of, op_names

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.integer.moves import HoistQuantize, SinkDequantize
from portproof.exporter.tflite.integer.record import quantization_of
from portproof.exporter.tflite.make.movement import concat, pad, reshape, transpose
from portproof.exporter.tflite.passes.dead_code import RemoveDeadCode


def _types(model: ir.Model) -> list[str]:
    return [f"{node.op_type}:{node.outputs[0].dtype}" for node in model.graph]


def test_moves_behind_a_dequantize_move_integers() -> None:
    b, x = Builder(23), graph_input("x", (2, 3))
    y = transpose(b, reshape(b, pair(b, x), (3, 2)), (1, 0))
    model = model_of(b, [x], {"y": y})
    assert SinkDequantize()(model).modified
    RemoveDeadCode()(model)
    assert _types(model) == ["QUANTIZE:INT8", "RESHAPE:INT8", "TRANSPOSE:INT8", "DEQUANTIZE:FLOAT"]
    assert quantization_of(model.graph[2].outputs[0]) == ONE
    assert model.graph.outputs[0].name == "y"
    assert not SinkDequantize()(model).modified


@pytest.mark.parametrize(("found", "sunk"), [(ONE, True), (OTHER, False)])
def test_parts_of_a_concatenation_must_be_alike(found, sunk: bool) -> None:
    b, x = Builder(23), graph_input("x", (2, 3))
    model = model_of(b, [x], {"y": concat(b, [pair(b, x), pair(b, x, found)], 0)})
    assert SinkDequantize()(model).modified is sunk


@pytest.mark.parametrize(("value", "op"), [(0.0, "PAD"), (1.0, "PADV2"), (0.3, None), (1000.0, None)])
def test_what_is_filled_in_must_be_an_integer_too(value: float, op: str | None) -> None:
    b, x = Builder(23), graph_input("x", (2, 3))
    model = model_of(b, [x], {"y": pad(b, pair(b, x), [(0, 1), (0, 0)], value)})
    assert SinkDequantize()(model).modified is (op is not None)
    assert op is None or f"{op}:INT8" in _types(model)
    if op == "PADV2":
        (node,) = [node for node in model.graph if node.op_type == op]
        assert node.inputs[2].const_value.numpy().tolist() == [round(value / 0.5) - 3]


@pytest.mark.parametrize("pooled", [True, False])
def test_minus_infinity_is_the_lowest_integer_in_front_of_a_maximum(pooled: bool) -> None:
    b, x = Builder(23), graph_input("x", (1, 2, 2, 1))
    y = pad(b, pair(b, x), [(0, 0), (0, 1), (0, 1), (0, 0)], -np.inf)
    if pooled:
        y = b.emit("MAX_POOL_2D", [y], shape=(1, 2, 2, 1), dtype=np.float32, filter_height=2, filter_width=2)
    model = model_of(b, [x], {"y": y})
    assert SinkDequantize()(model).modified is pooled
    assert ("PADV2:INT8" in _types(model)) is pooled


def test_a_quantize_goes_in_front_of_moves_that_nobody_else_reads() -> None:
    for shared in (False, True):
        b, x = Builder(23), graph_input("x", (2, 3))
        moved = reshape(b, b.emit("NEG", [x], shape=(2, 3), dtype=np.float32), (3, 2))
        outputs = {"y": dequantize(b, quantize(b, moved))} | ({"z": moved} if shared else {})
        model = model_of(b, [x], outputs)
        assert HoistQuantize()(model).modified is not shared
        order = ["NEG", "RESHAPE", "QUANTIZE"] if shared else ["NEG", "QUANTIZE", "RESHAPE"]
        assert op_names(model) == [*order, "DEQUANTIZE"]


def test_each_part_of_a_concatenation_is_quantized() -> None:
    b, x = Builder(23), graph_input("x", (2, 3))
    parts = [b.emit(op, [x], shape=(2, 3), dtype=np.float32) for op in ("NEG", "ABS")]
    model = model_of(b, [x], {"y": dequantize(b, quantize(b, concat(b, parts, 0)))})
    assert HoistQuantize()(model).modified
    assert sorted(op_names(model)) == ["ABS", "CONCATENATION", "DEQUANTIZE", "NEG", "QUANTIZE", "QUANTIZE"]
