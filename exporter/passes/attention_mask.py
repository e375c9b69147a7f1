"""Attention masks in the form that runtimes take: with a row for each query."""

import numpy as np
import onnx_ir as ir

from portproof.exporter import provenance
from portproof.exporter.passes.graph import add_constant, nodes, shape_of

_MASK = 3


class ExpandAttentionMask(ir.passes.InPlacePass):
    """Repeat a mask with one row, or none, for all queries.

    Given: y = Attention(q[1,2,8,4], k, v, m[1,1,1,8])
    Result: e = Expand(m, [1,1,8,1]);  y = Attention(q, k, v, e)

    ONNX lets a mask broadcast and torch's exporter writes such ones; ONNX Runtime (1.31) wants an axis of queries.
    """

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """Expand wherever the shapes are known."""
        expanded = [_expand(model.graph, node) for node in nodes(model, "Attention")]
        return ir.passes.PassResult(model, any(expanded))


def _expand(graph: ir.Graph, node: ir.Node) -> bool:
    mask = node.inputs[_MASK] if len(node.inputs) > _MASK else None
    query, shape = shape_of(node.inputs[0]), shape_of(mask)
    if mask is None or query is None or shape is None or not shape:
        return False
    queries = query[-2]
    if queries == 1 or (len(shape) > 1 and shape[-2] == queries):
        return False
    wanted = [*shape[:-2], queries, shape[-1]]
    target = add_constant(graph, np.array(wanted, np.int64), f"{mask.name}_shape")
    result = ir.Value(name=f"{mask.name}_expanded", shape=ir.Shape(wanted), type=mask.type)
    expand = ir.Node("", "Expand", [mask, target], outputs=[result])
    provenance.inherit(expand, node)
    graph.insert_before(node, expand)
    node.replace_input_with(_MASK, result)
    return True
