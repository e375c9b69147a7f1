"""Queries, keys and values are taken apart as heads next to one another, not along an axis of their own."""

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.passes.graph import NodePass, bypass, only_use, producer_of
from portproof.exporter.tflite.passes.reshapes import insert_like, reshape_node, reshaped
from portproof.exporter.tflite.values import DOMAIN, array_of, constant, ints_of, shape_of


class SplitHeads(NodePass):
    """One axis and as many reshapes less: four axes are what GPU delegates and many neural processors end at.

    Given::

        q, k, v = SPLIT(0, TRANSPOSE(RESHAPE(x, [1,8,3,2,4]), [2,0,3,1,4]))    # [1,1,2,8,4] each
        RESHAPE(q, [1,2,8,4]) ...

    Result::

        q, k, v = SPLIT(1, TRANSPOSE(RESHAPE(x, [1,8,6,4]), [0,2,1,3]))        # [1,2,8,4] each

    The axis that is split goes into the one that follows it in x; its parts have the same order of elements.
    """

    ops = frozenset({"SPLIT"})

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Only where parts have a size of one along the axis, and are reshaped at once."""
        data, axis = node.inputs[1], array_of(node.inputs[0])
        moved = producer_of(data, "TRANSPOSE")
        spread = producer_of(moved.inputs[0], "RESHAPE") if moved is not None else None
        if data is None or axis is None or moved is None or spread is None or only_use(data) is not node:
            return False
        order = _order(moved)
        place = int(axis) % len(shape_of(data))
        if not order or not _are_reshaped(node, place) or order[place] + 1 == len(order):
            return False
        return _joined(graph, node, moved, spread, order[place])


def _order(moved: ir.Node) -> list[int]:
    value = moved.inputs[1]
    return ints_of(value) if value is not None and array_of(value) is not None else []


def _are_reshaped(node: ir.Node, axis: int) -> bool:
    """Whether each part is of one element along the axis, and read by reshapes alone: they mind only the order."""
    for part in node.outputs:
        readers = [use.node for use in part.uses()]
        if shape_of(part)[axis] != 1 or part.is_graph_output() or not readers:
            return False
        if any(reader.op_type != "RESHAPE" for reader in readers):
            return False
    return True


def _joined(graph: ir.Graph, node: ir.Node, moved: ir.Node, spread: ir.Node, axis: int) -> bool:
    """`axis` of what is reshaped, and the one behind it, as one."""
    source, sizes = spread.inputs[0], shape_of(spread.outputs[0])
    if source is None:
        return False
    joined = (*sizes[:axis], sizes[axis] * sizes[axis + 1], *sizes[axis + 2 :])
    order = [each - (each > axis) for each in _order(moved) if each != axis]
    heads = order.index(axis)
    rows = reshaped(source, joined)
    turned = reshaped(source, [joined[each] for each in order])
    shape = [*shape_of(turned)]
    shape[heads] = sizes[axis + 1]
    parts = [reshaped(source, shape) for _ in node.outputs]
    insert_like(graph, node, reshape_node(source, list(joined), rows), spread)
    insert_like(graph, node, ir.Node(DOMAIN, "TRANSPOSE", [rows, _ints(order)], outputs=[turned]), moved)
    options = list(node.attributes.values())
    insert_like(graph, node, ir.Node(DOMAIN, "SPLIT", [_ints(heads), turned], options, outputs=parts), node)
    for old, new in zip(node.outputs, parts, strict=True):
        ir.convenience.replace_all_uses_with(old, new)
    graph.remove(node, safe=True)
    _drop_idle(graph, parts)
    return True


def _drop_idle(graph: ir.Graph, parts: Sequence[ir.Value]) -> None:
    """Reshapes to the shape that a part has now."""
    for part in parts:
        for use in list(part.uses()):
            if shape_of(use.node.outputs[0]) == shape_of(part):
                bypass(graph, use.node, part)


def _ints(numbers: int | Sequence[int]) -> ir.Value:
    return constant(np.array(numbers, np.int32))
