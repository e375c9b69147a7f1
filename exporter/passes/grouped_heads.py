"""Keys and values that are repeated for the queries of their group."""

import numpy as np
import onnx_ir as ir

from portproof.exporter import provenance
from portproof.exporter.passes.graph import add_constant, attribute, nodes

_HEADS = 1
_GROUP = 2


class ShareKeysAndValues(ir.passes.InPlacePass):
    """Leave the repetition to Attention, which shares keys and values of fewer heads among groups of queries.

    Given (2 heads of keys and values for 4 of queries, as torch's models write it)::

        e = Expand(k[1,2,1,8,16], [1,2,2,8,16]);  r = Reshape(e, [1,4,8,16]);  y = Attention(q[1,4,8,16], r, s)

    Result, with ``s`` of the values likewise::

        y = Attention(q[1,4,8,16], Squeeze(k), Squeeze(v))

    (ONNX: q_num_heads is a multiple of kv_num_heads.) A cache of keys is read once, and not once for each query head.
    """

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """Look at every Attention of four axes that neither takes nor gives a cache."""
        shared = [_share(model.graph, node) for node in nodes(model, "Attention")]
        return ir.passes.PassResult(model, any(shared))


def _share(graph: ir.Graph, node: ir.Node) -> bool:
    cached = any(value is not None for value in node.inputs[4:]) or any(value.uses() for value in node.outputs[1:])
    if cached or any(value.is_graph_output() for value in node.outputs[1:]):
        return False
    if attribute(node, "q_num_heads", 0) or attribute(node, "kv_num_heads", 0) or len(node.inputs) < 3:
        return False
    sources = [_once(node.inputs[at]) for at in (1, 2)]
    heads = [source.shape[_HEADS] for source in sources if source is not None and source.shape is not None]
    if len(heads) != 2 or heads[0] != heads[1]:
        return False
    for at, source in zip((1, 2), sources, strict=True):
        if source is not None:
            node.replace_input_with(at, _squeezed(graph, node, source))
    return True


def _once(value: ir.Value | None) -> ir.Value | None:
    """[N, heads, 1, S, D] of which `value` [N, heads * group, S, D] repeats each head."""
    joined = value.producer() if value is not None else None
    if value is None or joined is None or joined.op_type != "Reshape" or joined.inputs[0] is None:
        return None
    repeated = joined.inputs[0].producer()
    source = repeated.inputs[0] if repeated is not None and repeated.op_type == "Expand" else None
    shapes = [item.shape for item in (source, joined.inputs[0], value) if item is not None and item.shape is not None]
    if len(shapes) != 3 or [len(shape) for shape in shapes] != [5, 5, 4]:
        return None
    before, wide, after = (list(shape) for shape in shapes)
    heads, group = wide[_HEADS], wide[_GROUP]
    if not isinstance(heads, int) or not isinstance(group, int) or before[_GROUP] != 1:
        return None
    same = [*before[:_GROUP], *before[_GROUP + 1 :]] == [*wide[:_GROUP], *wide[_GROUP + 1 :]]
    return source if same and after == [wide[0], heads * group, *wide[3:]] else None


def _squeezed(graph: ir.Graph, node: ir.Node, source: ir.Value) -> ir.Value:
    axes = add_constant(graph, np.array([_GROUP]), f"{source.name}_group")
    result = ir.Value(name=f"{source.name}_once", type=source.type)
    if source.shape is not None:
        result.shape = ir.Shape([size for at, size in enumerate(source.shape) if at != _GROUP])
    squeeze = ir.Node("", "Squeeze", [source, axes], outputs=[result])
    provenance.inherit(squeeze, node)
    graph.insert_before(node, squeeze)
    return result
