"""Slices in steps become slices of whole rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.make.window import is_for_any_size
from portproof.exporter.tflite.passes.graph import NodePass
from portproof.exporter.tflite.passes.reshapes import reshape_node
from portproof.exporter.tflite.values import DOMAIN, array_of, attribute, constant, dtype_of, ints_of, shape_of

_MOST_AXES = 5
"""Of SLICE, in its kernel."""
_MASKS = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")


@dataclass(frozen=True, kw_only=True)
class _Span:
    """Of an axis of `size` entries, `count` of them from `begin`."""

    size: int
    begin: int
    count: int

    @property
    def is_whole(self) -> bool:
        return self.count == self.size


class StepSlices(NodePass):
    """XNNPACK slices in steps of one only.

    Given (one quarter of an image: patches merged in a Swin, the first layer of a YOLO)::

        STRIDED_SLICE(x[1,16,16,24], begin=[0,1,0,0], strides=[1,2,2,1])

    Result::

        RESHAPE(SLICE(RESHAPE(x, [8,16,48]), begin=[0,8,0], size=[8,8,24]), [1,8,8,24])

    where the sizes are multiples of the steps. The same bytes are copied, in longer runs.
    """

    ops = frozenset({"STRIDED_SLICE"})

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Leaves slices for sizes that are not known yet: whether they are multiples is not known then."""
        data = node.inputs[0]
        if data is None or dtype_of(data) != np.float32 or is_for_any_size() or node.outputs[0].is_graph_output():
            return False
        if any(array_of(value) is None for value in node.inputs[1:]) or any(attribute(node, m, 0) for m in _MASKS):
            return False
        spans = _spans(node, shape_of(data))
        if spans is None or len(spans) > _MOST_AXES:
            return False
        result = _emit(graph, node, data, spans)
        ir.convenience.replace_all_uses_with(node.outputs[0], result)
        graph.remove(node, safe=True)
        return True


def _spans(node: ir.Node, shape: Sequence[int]) -> list[_Span] | None:
    """What is taken of axes into which those of `shape` split, as few as there can be; None for uneven steps."""
    begins, strides = (ints_of(value) for value in (node.inputs[1], node.inputs[3]) if value is not None)
    spans: list[_Span] = []
    for size, begin, stride, count in zip(shape, begins, strides, shape_of(node.outputs[0]), strict=True):
        start = begin + size if begin < 0 else begin
        if stride == 1 or count == 1:
            spans.append(_Span(size=size, begin=start, count=count))
        elif stride < 1 or size % stride:
            return None
        else:
            spans.append(_Span(size=size // stride, begin=start // stride, count=count))
            spans.append(_Span(size=stride, begin=start % stride, count=1))
    return _merged(spans)


def _merged(spans: list[_Span]) -> list[_Span]:
    """Neighbours of which the second is taken whole, or of the first one entry, are one."""
    merged = spans[:1]
    for span in spans[1:]:
        last = merged[-1]
        if span.is_whole or last.count == 1:
            begin, count = last.begin * span.size + span.begin, last.count * span.count
            merged[-1] = _Span(size=last.size * span.size, begin=begin, count=count)
        else:
            merged.append(span)
    return merged


def _emit(graph: ir.Graph, node: ir.Node, data: ir.Value, spans: list[_Span]) -> ir.Value:
    whole, part, result = (
        ir.Value(shape=ir.Shape(shape), type=data.type)
        for shape in ([s.size for s in spans], [s.count for s in spans], shape_of(node.outputs[0]))
    )
    begin = constant(np.array([span.begin for span in spans], np.int32))
    size = constant(np.array([span.count for span in spans], np.int32))
    new = [
        reshape_node(data, [span.size for span in spans], whole),
        ir.Node(DOMAIN, "SLICE", [whole, begin, size], outputs=[part]),
        reshape_node(part, list(shape_of(result)), result),
    ]
    for item in new:
        item.metadata_props.update(node.metadata_props)
    graph.insert_before(node, new)
    return result
