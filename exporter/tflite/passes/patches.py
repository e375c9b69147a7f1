"""Pixels of square patches that are brought next to one another: SPACE_TO_DEPTH, and DEPTH_TO_SPACE back."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.movement import reshape, transpose
from portproof.exporter.tflite.passes.graph import NodePass, only_use, producer_of
from portproof.exporter.tflite.passes.reshapes import insert_like
from portproof.exporter.tflite.values import array_of, dtype_of, ints_of, shape_of

_APART, _TOGETHER = [1, 3, 0, 2, 4], [2, 0, 3, 1, 4]


class Patches(NodePass):
    """Four axes where a transpose needs five, which GPU delegates and many neural processors do not take.

    Given::

        TRANSPOSE(RESHAPE(x[1,8,6,5], [4,2,3,2,5]), [1,3,0,2,4])

    Result::

        RESHAPE(TRANSPOSE(RESHAPE(SPACE_TO_DEPTH(x, 2), [12,4,5]), [1,0,2]), [2,2,4,3,5])

    And ``RESHAPE(TRANSPOSE(y, [2,0,3,1,4]), [1,8,6,5])`` back, by DEPTH_TO_SPACE. Of one image; float32.
    """

    ops = frozenset({"TRANSPOSE"})

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Looks at either direction."""
        data, order = node.inputs[0], node.inputs[1]
        if data is None or order is None or array_of(order) is None or dtype_of(data) != np.float32:
            return False
        perm = ints_of(order)
        return (perm == _APART and _apart(graph, node)) or (perm == _TOGETHER and _together(graph, node, data))


def _apart(graph: ir.Graph, node: ir.Node) -> bool:
    spread = producer_of(node.inputs[0], "RESHAPE")
    image = spread.inputs[0] if spread is not None else None
    result = node.outputs[0]
    if image is None or result.is_graph_output():
        return False
    side, _, high, wide, channels = shape_of(result)
    if not _is_square(shape_of(result)[:2]) or shape_of(image) != (1, high * side, wide * side, channels):
        return False
    b = Builder(0)
    depth = [1, high, wide, side * side * channels]
    folded = b.emit("SPACE_TO_DEPTH", [image], shape=depth, dtype=np.float32, block_size=side)
    turned = transpose(b, reshape(b, folded, [high * wide, side * side, channels]), [1, 0, 2])
    _put(graph, [node], b, reshape(b, turned, shape_of(result)))
    return True


def _together(graph: ir.Graph, node: ir.Node, data: ir.Value) -> bool:
    reader = only_use(node.outputs[0])
    side, _, high, wide, channels = shape_of(data)
    if reader is None or reader.op_type != "RESHAPE" or not _is_square(shape_of(data)[:2]):
        return False
    image = reader.outputs[0]
    if shape_of(image) != (1, high * side, wide * side, channels) or image.is_graph_output():
        return False
    b = Builder(0)
    turned = transpose(b, reshape(b, data, [side * side, high * wide, channels]), [1, 0, 2])
    depth = reshape(b, turned, [1, high, wide, side * side * channels])
    made = b.emit("DEPTH_TO_SPACE", [depth], shape=shape_of(image), dtype=np.float32, block_size=side)
    _put(graph, [node, reader], b, made)
    return True


def _is_square(sides: tuple[int, ...]) -> bool:
    return sides[0] == sides[1] > 1


def _put(graph: ir.Graph, old: list[ir.Node], b: Builder, new: ir.Value) -> None:
    """What was built, in place of the nodes whose last one's result it gives."""
    for each in b.nodes:
        insert_like(graph, old[0], each, old[0])
    ir.convenience.replace_all_uses_with(old[-1].outputs[0], new)
    for node in reversed(old):
        graph.remove(node, safe=True)
