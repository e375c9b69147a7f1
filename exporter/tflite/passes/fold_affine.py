"""Constant factors and offsets in front of linear layers go into their weights: most of all LayerNorm's."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.integer.record import integers_of
from portproof.exporter.tflite.passes.graph import NodePass
from portproof.exporter.tflite.values import Array, array_of, attribute, replace_constant, shape_of


class FoldAffine(NodePass):
    """Multiplies columns of the weights, or adds to the bias, at conversion time.

    Given::

        y = ADD(MUL(x, gamma[C]), beta[C])
        FULLY_CONNECTED(y, w, b);  FULLY_CONNECTED(y, v, c)

    Result::

        FULLY_CONNECTED(x, w * gamma, b + w @ beta);  FULLY_CONNECTED(x, v * gamma, c + v @ beta)

    when nothing but linear layers reads y. Sums are taken in float64.
    """

    ops = frozenset({"MUL", "ADD"})

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Folds `node` into all of its readers."""
        value = node.outputs[0]
        readers = [use.node for use in value.uses()]
        if value.is_graph_output() or not readers or attribute(node, "fused_activation_function", "NONE") != "NONE":
            return False
        if not all(_takes(reader, value) for reader in readers):
            return False
        for index in (0, 1):
            data, vector = node.inputs[index], _vector(node.inputs[1 - index], value)
            if data is None or vector is None or shape_of(data) != shape_of(value):
                continue
            for reader in readers:
                _fold(reader, data, vector, is_factor=node.op_type == "MUL")
            graph.remove(node, safe=True)
            return True
        return False


def _takes(reader: ir.Node, value: ir.Value) -> bool:
    """Whether `reader` multiplies the last axis of `value` by constant weights and does nothing else with it."""
    if reader.op_type != "FULLY_CONNECTED" or reader.inputs[0] is not value or len(reader.inputs) != 3:
        return False
    if integers_of(reader.inputs[1]) is not None:  # they would be integers no more
        return False
    arrays = [array_of(item) for item in reader.inputs[1:]]
    if any(array is None or array.dtype != np.float32 for array in arrays) or arrays[0] is None:
        return False
    return bool(arrays[0].shape[1] == shape_of(value)[-1])


def _vector(operand: ir.Value | None, value: ir.Value) -> Array | None:
    """A float32 constant that has one number for each entry of the last axis, or one for all: float64 [C]."""
    array = array_of(operand)
    if array is None or array.dtype != np.float32 or not np.isfinite(array).all():
        return None
    channels = shape_of(value)[-1]
    if array.size != 1 and (array.size != channels or array.shape[-1] != channels):
        return None
    return np.broadcast_to(array.reshape(-1).astype(np.float64), (channels,))


def _fold(reader: ir.Node, data: ir.Value, vector: Array, *, is_factor: bool) -> None:
    weights, bias = (array_of(item) for item in reader.inputs[1:])
    if weights is None or bias is None:
        return
    wide = weights.astype(np.float64)
    if is_factor:
        replace_constant(reader, 1, (wide * vector).astype(np.float32))
    else:
        replace_constant(reader, 2, (bias + wide @ vector).astype(np.float32))
    reader.replace_input_with(0, data)
