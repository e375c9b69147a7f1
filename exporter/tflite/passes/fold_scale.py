"""A constant factor behind a linear layer goes into its weights, also through what only moves data."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.integer.record import rescaled
from portproof.exporter.tflite.passes.graph import NodePass, bypass
from portproof.exporter.tflite.values import Array, array_of, attribute, ints_of, is_constant, shape_of

_MOVERS = frozenset({"RESHAPE", "TRANSPOSE", "SLICE", "SPLIT"})


@dataclass(frozen=True, kw_only=True)
class _Leaf:
    """A reader of data that a linear layer has computed and others have moved.

    Attributes:
        value: what is read.
        reader: the operator; None for an output of the graph.
        channels: for each element that it reads the output channel of the layer that it came from.
    """

    value: ir.Value
    reader: ir.Node | None
    channels: Array

    def ends_in(self, reader: ir.Node | None, value: ir.Value) -> bool:
        """Whether this is the place where `reader` reads `value`."""
        return self.reader is reader and self.value is value


class FoldScale(NodePass):
    """Multiplies the weights at conversion time; a factor behind a product of matrices goes in front of it first.

    Given::

        q, k, v = SPLIT(TRANSPOSE(RESHAPE(FULLY_CONNECTED(x, w, b))))
        MUL(q, 0.125)

    Result::

        q, k, v = SPLIT(TRANSPOSE(RESHAPE(FULLY_CONNECTED(x, w', b'))))

    where the rows of w and b that end in q are multiplied. None of them may end anywhere else.
    """

    ops = frozenset({"MUL", "DIV"})

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Takes out the node when the layer takes its factor."""
        for index in (0, 1):
            data, factor = node.inputs[index], _factor(node, index)
            if data is None or factor is None or shape_of(data) != shape_of(node.outputs[0]):
                continue
            return any(_fold(graph, node, data, start, factor) for start in _starts(data))
        return False


def _factor(node: ir.Node, index: int) -> float | None:
    """The number by which input `index` is multiplied."""
    array = array_of(node.inputs[1 - index])
    if array is None or array.size != 1 or array.dtype != np.float32 or (node.op_type == "DIV" and index == 1):
        return None
    if attribute(node, "fused_activation_function", "NONE") != "NONE":
        return None
    number = float(array.reshape(-1)[0])
    factor = 1 / number if node.op_type == "DIV" and number else number
    return factor if np.isfinite(factor) and factor else None


def _starts(data: ir.Value) -> list[ir.Value]:
    """Where the factor may act instead of on `data`: there, or on either operand of the product that it is."""
    product = data.producer()
    if product is None or product.op_type != "BATCH_MATMUL" or len(data.uses()) != 1 or data.is_graph_output():
        return [data]
    return [value for value in product.inputs if value is not None and len(value.uses()) == 1]


def _fold(graph: ir.Graph, node: ir.Node, data: ir.Value, start: ir.Value, factor: float) -> bool:
    layer = _layer(start)
    reader = node if start is data else data.producer()
    if layer is None:
        return False
    leaves = list(_leaves(layer.outputs[0], _numbered(layer)))
    mine = [leaf.channels for leaf in leaves if leaf.ends_in(reader, start)]
    scaled = np.unique(np.concatenate([channels.reshape(-1) for channels in mine])) if mine else np.empty(0)
    others = [leaf.channels for leaf in leaves if not leaf.ends_in(reader, start)]
    if len(mine) != 1 or any(np.isin(channels, scaled).any() for channels in others):
        return False
    if not bypass(graph, node, data):
        return False
    _multiply(layer, scaled, factor)
    return True


def _layer(value: ir.Value) -> ir.Node | None:
    """The linear layer with constant parameters whose output `value` is, moved about."""
    node = value.producer()
    while node is not None and node.op_type in _MOVERS:
        source = node.inputs[1 if node.op_type == "SPLIT" else 0]
        node = source.producer() if source is not None else None
    if node is None or node.op_type != "FULLY_CONNECTED" or len(node.inputs) != 3:
        return None
    plain = attribute(node, "fused_activation_function", "NONE") == "NONE"
    arrays = [array_of(value) for value in node.inputs[1:]]
    return node if plain and all(array is not None and array.dtype == np.float32 for array in arrays) else None


def _numbered(layer: ir.Node) -> Array:
    """The number of the output channel for each element of the layer's output."""
    shape = shape_of(layer.outputs[0])
    return np.broadcast_to(np.arange(shape[-1], dtype=np.int32), shape)


def _leaves(value: ir.Value, channels: Array) -> Iterator[_Leaf]:
    if value.is_graph_output():
        yield _Leaf(value=value, reader=None, channels=channels)
    for reader in dict.fromkeys(use.node for use in value.uses()):
        moved = _moved(reader, channels)
        if moved is None:
            yield _Leaf(value=value, reader=reader, channels=channels)
            continue
        for output, part in zip(reader.outputs, moved, strict=True):
            yield from _leaves(output, part)


def _moved(node: ir.Node, array: Array) -> list[Array] | None:
    """What a mover makes of its data; None for any other operator, or one that moves by what is known later."""
    if node.op_type not in _MOVERS or not all(array_of(value) is not None for value in _parameters(node)):
        return None
    if node.op_type == "RESHAPE":
        return [array.reshape(shape_of(node.outputs[0]))]
    numbers = [ints_of(value) for value in _parameters(node) if value is not None]
    if node.op_type == "TRANSPOSE":
        return [array.transpose(numbers[0])]
    if node.op_type == "SPLIT":
        return np.split(array, len(node.outputs), numbers[0][0])
    begin, size = numbers
    return [array[tuple(slice(first, first + count) for first, count in zip(begin, size, strict=True))]]


def _parameters(node: ir.Node) -> list[ir.Value | None]:
    return list(node.inputs[:1] if node.op_type == "SPLIT" else node.inputs[1:])


def _multiply(layer: ir.Node, rows: Array, factor: float) -> None:
    for index in (1, 2):
        value = layer.inputs[index]
        if value is not None and is_constant(value):
            layer.replace_input_with(index, rescaled(value, rows, factor))
