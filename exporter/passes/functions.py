"""Operators that ONNX defines by others are replaced by those others, as the schema's function body says."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import onnx_ir as ir

from portproof.exporter.passes.graph import replace

if TYPE_CHECKING:
    import onnx

PART_OF = "portproof.part_of"
"""Metadata of a node that came out of a function body: the operator that the model has."""

_LOCAL = "portproof.body"


class ExpandFunctions(ir.passes.InPlacePass):
    """Replace chosen nodes by the function body of their schema, if it has one for their types and attributes.

    Given: y = HannWindow(n)
    Result: y = Cast(...) of a dozen nodes

    Bodies may hold operators that have bodies themselves: these need their types inferred and another call. The parts
    keep the node's provenance, and in the metadata entry `PART_OF` its operator.
    """

    def __init__(self, wanted: Callable[[ir.Node], bool]) -> None:
        super().__init__()
        self._wanted = wanted

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """Expand; nodes of the main graph and of subgraphs alike."""
        from onnx_ir.passes import common

        wanted = [node for node in model.graph.all_nodes() if self._wanted(node)]
        changes = [bool(expand(node, model.opset_imports)) for node in wanted]
        modified = any(changes)
        if modified:
            common.NameFixPass()(model)
        return ir.passes.PassResult(model, modified)


def has_function(node: ir.Node, opset: int) -> bool:
    """Whether the schema of a standard operator has a function body at all; for these types it may have none."""
    import onnx

    try:
        schema: Any = onnx.defs.get_schema(node.op_type, opset, "")  # its type stub lacks the two attributes
    except onnx.defs.SchemaError:
        return False
    return node.domain in ("", "ai.onnx") and (schema.has_function or schema.has_context_dependent_function)


def expand(node: ir.Node, opsets: dict[str, int]) -> list[ir.Node]:
    """Replaces `node` in its graph by the nodes of its function body, and gives these; none if it has no body."""
    inlined = _inlined(node, opsets)
    if inlined is None:
        return []
    body = ir.from_proto(inlined).graph
    actual = [value for value in node.inputs if value is not None]
    for formal, value in zip(list(body.inputs), actual, strict=True):
        formal.replace_all_uses_with(value)
    parts = list(body)
    results = list(body.outputs)
    body.outputs.clear()
    for part in parts:
        body.remove(part)
        _mark(part, node)
    if node.graph is None:
        raise ValueError(f"{node.op_type} belongs to no graph")
    node.graph.insert_before(node, parts)
    for old, new in zip([value for value in node.outputs if value.name], results, strict=True):
        new.shape, new.type = old.shape, old.type
        replace(old, new)
    node.graph.remove(node, safe=True)
    return parts


def _inlined(node: ir.Node, opsets: dict[str, int]) -> "onnx.ModelProto | None":
    """A model of the function body alone, or None: bodies depend on types, attributes and which inputs there are."""
    import onnx
    import onnx.inliner

    if any(value is not None and value.type is None for value in node.inputs):
        return None
    proto = _model_of(node, opsets)
    inlined: onnx.ModelProto | None
    try:
        inlined = onnx.inliner.inline_selected_functions(proto, [("", node.op_type)], inline_schema_functions=True)
    except RuntimeError:  # onnx's inliner cannot leave an input out; or the node does not fit its schema
        inlined = _inlined_by_hand(proto)
    if inlined is None:
        return None
    first = inlined.graph.node[0]
    unchanged = len(inlined.graph.node) == 1 and first.op_type == node.op_type
    same = {item.domain: item.version for item in inlined.opset_import}.get("") == proto.opset_import[0].version
    return inlined if same and not unchanged else None


def _inlined_by_hand(proto: "onnx.ModelProto") -> "onnx.ModelProto | None":
    """The same for a node that leaves out an input between others: its body as a function of the model."""
    import onnx
    import onnx.inliner

    (node,) = proto.graph.node
    version = proto.opset_import[0].version
    schema: Any = onnx.defs.get_schema(node.op_type, version, "")
    if not schema.has_context_dependent_function:
        return None
    types = {item.name: item.type for item in proto.graph.input}
    given = [types.get(name, onnx.TypeProto()).SerializeToString() for name in node.input]
    body = onnx.FunctionProto()
    body.ParseFromString(schema.get_context_dependent_function(node.SerializeToString(), given))
    if any(item.domain == "" and item.version != version for item in body.opset_import):
        return None
    local = onnx.ModelProto()
    local.CopyFrom(proto)
    body.domain = local.graph.node[0].domain = _LOCAL
    local.functions.append(body)
    local.opset_import.append(onnx.helper.make_opsetid(_LOCAL, 1))
    return onnx.inliner.inline_local_functions(local)


def _model_of(node: ir.Node, opsets: dict[str, int]) -> "onnx.ModelProto":
    import onnx

    kept = onnx.NodeProto()
    kept.CopyFrom(ir.to_proto(node))
    kept.attribute.extend(_defaults(node, opsets.get("", 1)))
    inputs = [f"in_{k}" if value is not None else "" for k, value in enumerate(node.inputs)]
    outputs = [f"out_{k}" if value.name else "" for k, value in enumerate(node.outputs)]
    kept.domain, kept.input[:], kept.output[:] = "", inputs, outputs
    given = [(name, value) for name, value in zip(inputs, node.inputs, strict=True) if value is not None]
    infos = [ir.to_proto(ir.Value(name=name, shape=value.shape, type=value.type)) for name, value in given]
    graph = onnx.helper.make_graph([kept], "body", infos, [onnx.ValueInfoProto(name=name) for name in outputs if name])
    opset = onnx.helper.make_opsetid("", opsets.get("", 1))
    return onnx.helper.make_model(graph, opset_imports=[opset], ir_version=10)


def _defaults(node: ir.Node, opset: int) -> "list[onnx.AttributeProto]":
    """What the schema says of attributes that the node leaves out; the inliner does not."""
    import onnx

    known = onnx.defs.get_schema(node.op_type, opset, "").attributes.values()
    values = [item.default_value for item in known if item.name not in node.attributes]
    return [value for value in values if value.type != onnx.AttributeProto.UNDEFINED]


def _mark(part: ir.Node, node: ir.Node) -> None:
    """Provenance, names and the operator it is a part of; nodes inside of subgraphs too."""
    prefix = node.name or next((value.name for value in node.outputs if value.name), "") or node.op_type
    inner = [nested for attribute in part.attributes.values() for nested in _nodes_of(attribute)]
    for item in (part, *inner):
        item.metadata_props.update(node.metadata_props)
        item.metadata_props[PART_OF] = node.metadata_props.get(PART_OF, node.op_type)
        item.name = f"{prefix}/{item.op_type}"
        for value in item.outputs:
            value.name = f"{prefix}/{value.name}" if value.name else value.name


def _nodes_of(attribute: ir.Attr) -> list[ir.Node]:
    if attribute.is_ref() or attribute.type != ir.AttributeType.GRAPH:
        return []
    return list(attribute.as_graph().all_nodes())
