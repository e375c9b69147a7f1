"""Concatenations of many tensors."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.passes.graph import NodePass
from portproof.exporter.tflite.values import DOMAIN, attribute, dtype_of, rank_of, shape_of

_MOST_INPUTS = 5
"""That XNNPACK concatenates at once (`VisitConcatenationNode` of TFLite's XNNPACK delegate)."""


class NarrowConcat(NodePass):
    """Concatenates in steps, so that the graph stays in one partition.

    Given::

        CONCATENATION(a, b, c, d, e, f)

    Result, where ``e`` and ``f`` are the smallest neighbours::

        CONCATENATION(a, b, c, d, CONCATENATION(e, f))
    """

    ops = frozenset({"CONCATENATION"})

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Takes neighbours together until few enough are left."""
        if len(node.inputs) <= _MOST_INPUTS or dtype_of(node.outputs[0]) != np.float32:
            return False
        axis = attribute(node, "axis") % rank_of(node.outputs[0])
        values = [value for value in node.inputs if value is not None]
        while len(values) > _MOST_INPUTS:
            width = min(_MOST_INPUTS, len(values) - _MOST_INPUTS + 1)
            sizes = [shape_of(value)[axis] for value in values]
            start = min(range(len(values) - width + 1), key=lambda at: sum(sizes[at : at + width]))
            values[start : start + width] = [_joined(graph, node, values[start : start + width], axis)]
        node.resize_inputs(len(values))
        for index, value in enumerate(values):
            node.replace_input_with(index, value)
        return True


def _joined(graph: ir.Graph, before: ir.Node, values: list[ir.Value], axis: int) -> ir.Value:
    """The concatenation of `values`, computed in front of `before`."""
    shape = list(shape_of(values[0]))
    shape[axis] = sum(shape_of(value)[axis] for value in values)
    result = ir.Value(shape=ir.Shape(shape), type=values[0].type)
    options = [
        ir.convenience.convert_attribute("axis", axis),
        ir.convenience.convert_attribute("fused_activation_function", "NONE"),
    ]
    part = ir.Node(DOMAIN, "CONCATENATION", values, options, outputs=[result])
    part.metadata_props.update(before.metadata_props)
    graph.insert_before(before, part)
    return result
