"""Slices that take a tensor apart become one SPLIT."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.passes.graph import NodePass
from portproof.exporter.tflite.values import DOMAIN, array_of, constant, dtype_of, ints_of, rank_of, shape_of

_PARTS = range(2, 5)
"""How many XNNPACK splits into (`VisitSplitNode` of TFLite's XNNPACK delegate)."""
_MOST_AXES = 6


class SlicesToSplit(NodePass):
    """One operator instead of several, and one decision on the layout of what is taken apart.

    Given::

        q = SLICE(x, [0,0,0], [1,8,4]);  k = SLICE(x, [1,0,0], [1,8,4]);  v = SLICE(x, [2,0,0], [1,8,4])

    Result::

        q, k, v = SPLIT(0, x, num_splits=3)
    """

    ops = frozenset({"SLICE"})

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Looks for the others at the first of the parts."""
        data = node.inputs[0]
        axis = _axis(node) if data is not None else None
        if data is None or axis is None or not _splittable(data):
            return False
        size = shape_of(node.outputs[0])[axis]
        count, rest = divmod(shape_of(data)[axis], size)
        parts = _parts(data, axis, size)
        if rest or count not in _PARTS or sorted(parts) != [size * k for k in range(count)] or parts[0] is not node:
            return False
        _split(graph, [parts[size * k] for k in range(count)], data, axis)
        return True


def _splittable(data: ir.Value) -> bool:
    """SPLIT lacks types that SLICE has, and XNNPACK fails to prepare it for more axes."""
    return dtype_of(data) == np.float32 and rank_of(data) <= _MOST_AXES


def _parts(data: ir.Value, axis: int, size: int) -> dict[int, ir.Node]:
    """Slices of `size` along `axis` only, by where they begin; one node for each place."""
    readers = [use.node for use in data.uses() if use.node.op_type == "SLICE"]
    fitting = [node for node in readers if _axis(node) == axis and shape_of(node.outputs[0])[axis] == size]
    return {_begin(node)[axis]: node for node in reversed(fitting)}


def _axis(node: ir.Node) -> int | None:
    """The only axis that a slice with constant parameters cuts."""
    data = node.inputs[0]
    if data is None or any(array_of(value) is None for value in node.inputs[1:]):
        return None
    pairs = zip(shape_of(data), shape_of(node.outputs[0]), strict=True)
    cut = [axis for axis, (before, after) in enumerate(pairs) if before != after]
    return cut[0] if len(cut) == 1 and shape_of(node.outputs[0])[cut[0]] else None


def _begin(node: ir.Node) -> list[int]:
    begin = node.inputs[1]
    return ints_of(begin) if begin is not None else []


def _split(graph: ir.Graph, slices: list[ir.Node], data: ir.Value, axis: int) -> None:
    """SPLIT takes the place of the earliest slice: the order of the graph may be any other than that of the axis."""
    outputs = [ir.Value(shape=item.outputs[0].shape, type=item.outputs[0].type) for item in slices]
    options = [ir.convenience.convert_attribute("num_splits", len(slices))]
    split = ir.Node(DOMAIN, "SPLIT", [constant(np.array(axis, np.int32)), data], options, outputs=outputs)
    split.metadata_props.update(slices[0].metadata_props)
    producer = data.producer()
    if producer is None:
        graph.insert_before(graph[0], split)
    else:
        graph.insert_after(producer, split)
    for old, new in zip(slices, outputs, strict=True):
        value = old.outputs[0]
        name, value.name = value.name, None
        ir.convenience.replace_all_uses_with(value, new, replace_graph_outputs=True)
        new.name = name
        graph.remove(old, safe=True)
