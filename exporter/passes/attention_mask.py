"""Attention masks in the form that runtimes take: with a row for each query."""

import numpy as np
import onnx_ir as ir

from portproof.exporter import provenance
from portproof.exporter.passes.graph import add_constant, nodes

_MASK = 3
_QUERIES_AND_KEYS = 2


class ExpandAttentionMask(ir.passes.InPlacePass):
    """Repeat a mask with one row, or none, for all queries.

    Given: y = Attention(q[1,2,8,4], k, v, m[1,1,1,8])
    Result: e = Expand(m, [1,1,8,1]);  y = Attention(q, k, v, e)

    Where the number of queries is known only when running, so is the shape.

    ONNX lets a mask broadcast and torch's exporter writes such ones; ONNX Runtime (1.31) wants an axis of queries.
    """

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """Expand wherever the shapes are known."""
        expanded = [_expand(model.graph, node) for node in nodes(model, "Attention")]
        return ir.passes.PassResult(model, any(expanded))


def _expand(graph: ir.Graph, node: ir.Node) -> bool:
    mask = node.inputs[_MASK] if len(node.inputs) > _MASK else None
    query = node.inputs[0]
    if mask is None or query is None or not mask.shape or not query.shape:
        return False
    queries, rows = query.shape[-2], mask.shape[-2] if len(mask.shape) > 1 else 1
    if rows != 1 or queries == 1:
        return False
    result = ir.Value(name=f"{mask.name}_expanded", type=mask.type)
    result.shape = ir.Shape([*mask.shape[:-2], queries, mask.shape[-1]])
    made = [] if isinstance(queries, int) else _count_queries(graph, query, len(mask.shape))
    ones = [1] * (max(len(mask.shape), _QUERIES_AND_KEYS) - _QUERIES_AND_KEYS)
    target = made[-1].outputs[0] if made else add_constant(graph, np.array([*ones, queries, 1]), f"{mask.name}_shape")
    for added in (*made, ir.Node("", "Expand", [mask, target], outputs=[result])):
        provenance.inherit(added, node)
        graph.insert_before(node, added)
    node.replace_input_with(_MASK, result)
    return True


def _count_queries(graph: ir.Graph, query: ir.Value, rank: int) -> list[ir.Node]:
    """Nodes for the shape that a mask of a rank is expanded to, where the number of queries is no constant."""
    count = ir.Node("", "Shape", [query], [ir.AttrInt64("start", -2), ir.AttrInt64("end", -1)])
    before = add_constant(graph, np.ones(max(rank - _QUERIES_AND_KEYS, 0), np.int64), f"{query.name}_ones")
    behind = add_constant(graph, np.ones(1, np.int64), f"{query.name}_one")
    joined = ir.Node("", "Concat", [before, count.outputs[0], behind], [ir.AttrInt64("axis", 0)])
    for place, made in enumerate((count, joined)):
        made.outputs[0].name = f"{query.name}_queries_{place}"
    return [count, joined]
