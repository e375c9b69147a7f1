"""Repetitions that the operator behind makes by itself."""

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.passes.graph import NodePass
from portproof.exporter.tflite.passes.reshapes import reshape_node
from portproof.exporter.tflite.values import DOMAIN, array_of, attribute, constant, ints_of, rank_of, shape_of

_BROADCASTING = frozenset({"ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "SELECT_V2"})
_REDUCERS = frozenset({"REDUCE_MAX", "REDUCE_MIN"})
_MOST_AXES = 4
"""Up to which every kernel broadcasts."""


class SinkBroadcast(NodePass):
    """Repeats later, or not at all.

    Given::

        ADD(scores[2,3,8,8], MAXIMUM(BROADCAST_TO(mask[2,1,1,8], [2,1,8,8]), lowest))

    Result::

        ADD(scores[2,3,8,8], MAXIMUM(mask[2,1,1,8], lowest))

    XNNPACK has no BROADCAST_TO, and whatever reads it has less to read.
    """

    ops = frozenset({"BROADCAST_TO"})

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Goes through the readers one by one; the node is dead code when none is left."""
        source, whole = node.inputs[0], node.outputs[0]
        if source is None or rank_of(whole) > _MOST_AXES:
            return False
        changed = False
        for reader in list(dict.fromkeys(use.node for use in whole.uses())):
            shape = _shape_without(reader, whole, shape_of(source))
            if shape is None or (reader.outputs[0].is_graph_output() and shape != shape_of(reader.outputs[0])):
                continue
            small = _with_rank(graph, node, source, rank_of(whole))
            for index in [at for at, value in enumerate(reader.inputs) if value is whole]:
                reader.replace_input_with(index, small)
            _repeat_result(graph, reader, shape)
            changed = True
        return changed


def _shape_without(reader: ir.Node, whole: ir.Value, source: Sequence[int]) -> tuple[int, ...] | None:
    """The shape that `reader` gives when it reads the source instead, or None where it cannot."""
    full = (1,) * (rank_of(whole) - len(source)) + tuple(source)
    if reader.op_type in _BROADCASTING:
        others = [shape_of(value) for value in reader.inputs if value is not None and value is not whole]
        result = np.broadcast_shapes(full, *others)
        return result if len(result) == rank_of(whole) else None
    if reader.op_type not in _REDUCERS or not attribute(reader, "keep_dims", 0):
        return None
    axes = reader.inputs[1]
    if axes is None or array_of(axes) is None or reader.inputs[0] is not whole:
        return None
    reduced = {axis % len(full) for axis in ints_of(axes)}
    if any(full[axis] != shape_of(whole)[axis] for axis in reduced):
        return None
    return tuple(1 if axis in reduced else size for axis, size in enumerate(full))


def _with_rank(graph: ir.Graph, before: ir.Node, value: ir.Value, rank: int) -> ir.Value:
    if rank_of(value) == rank:
        return value
    shape = [1] * (rank - rank_of(value)) + list(shape_of(value))
    result = ir.Value(shape=ir.Shape(shape), type=value.type)
    graph.insert_before(before, reshape_node(value, shape, result))
    return result


def _repeat_result(graph: ir.Graph, node: ir.Node, shape: tuple[int, ...]) -> None:
    """The node now gives `shape`; what read more reads it repeated."""
    old = node.outputs[0]
    full = shape_of(old)
    if shape == full:
        return
    new = ir.Value(shape=ir.Shape(full), type=old.type)
    ir.convenience.replace_all_uses_with(old, new)
    old.shape = ir.Shape(shape)
    repeat = ir.Node(DOMAIN, "BROADCAST_TO", [old, constant(np.array(full, np.int32))], outputs=[new])
    repeat.metadata_props.update(node.metadata_props)
    graph.insert_after(node, repeat)
