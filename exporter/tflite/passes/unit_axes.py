"""Transposes between reshapes that only drop and add axes of 1."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.layout.perms import Perm
from portproof.exporter.tflite.passes.graph import NodePass, producer_of
from portproof.exporter.tflite.passes.reshapes import reshape_node
from portproof.exporter.tflite.values import DOMAIN, array_of, constant, ints_of, shape_of

Shape = tuple[int, ...]


class TransposeBetweenReshapes(NodePass):
    """The transpose acts on the axes that the second reshape gives.

    Given::

        RESHAPE(TRANSPOSE(RESHAPE(x[1,3,8,4], [3,8,4]), [0,2,1]), [1,3,4,8])

    Result::

        TRANSPOSE(RESHAPE(x[1,3,8,4], [1,3,8,4]), [0,1,3,2])

    so that it is seen to swap the last two axes, and the reshape left is merged with others or is none.
    """

    ops = frozenset({"RESHAPE"})

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Replaces the last two of the three."""
        transpose = producer_of(node.inputs[0], "TRANSPOSE")
        first = producer_of(transpose.inputs[0], "RESHAPE") if transpose is not None else None
        source, order = (first.inputs[0], transpose.inputs[1]) if first is not None and transpose else (None, None)
        if source is None or first is None or order is None or array_of(order) is None:
            return False
        old = node.outputs[0]
        found = _in_other_axes(shape_of(source), shape_of(first.outputs[0]), ints_of(order), shape_of(old))
        if found is None or old.is_graph_output():
            return False
        inner = ir.Value(shape=ir.Shape(found[0]), type=source.type)
        outer = ir.Value(shape=old.shape, type=old.type)
        graph.insert_before(node, reshape_node(source, list(found[0]), inner))
        graph.insert_before(node, ir.Node(DOMAIN, "TRANSPOSE", [inner, _perm_value(found[1])], outputs=[outer]))
        for value in (inner, outer):
            _inherit(value, node)
        ir.convenience.replace_all_uses_with(old, outer)
        graph.remove(node, safe=True)
        return True


def _in_other_axes(before: Shape, inner: Shape, order: list[int], after: Shape) -> tuple[Shape, Perm] | None:
    """A shape and a permutation of it that lead from `before` to `after` as the three operators do.

    None where a reshape does more than drop or add axes of 1. Axes of 1 in `after` stay where they are.
    """
    kept = [axis for axis, size in enumerate(inner) if size != 1]
    moved = [axis for axis in order if inner[axis] != 1]
    places = [axis for axis, size in enumerate(after) if size != 1]
    same_first = [size for size in before if size != 1] == [inner[axis] for axis in kept]
    if not same_first or [inner[axis] for axis in moved] != [after[place] for place in places]:
        return None
    shape, perm = [1] * len(after), list(range(len(after)))
    for place, axis in zip(places, kept, strict=True):
        shape[place] = inner[axis]
    for place, axis in zip(places, moved, strict=True):
        perm[place] = places[kept.index(axis)]
    return tuple(shape), tuple(perm)


def _perm_value(perm: Perm) -> ir.Value:
    return constant(np.array(perm, np.int32))


def _inherit(value: ir.Value, node: ir.Node) -> None:
    producer = value.producer()
    if producer is not None:
        producer.metadata_props.update(node.metadata_props)
