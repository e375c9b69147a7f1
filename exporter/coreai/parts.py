"""Which operators the Core AI writer lowers by their parts."""

import onnx_ir as ir

from portproof.exporter.coreai.registry import find
from portproof.exporter.lowering import parts
from portproof.exporter.passes.functions import has_function


def by_parts(model: ir.Model) -> ir.Model:
    """`model`, with the function bodies of the schemas in place of operators that have no handler."""
    return parts.by_parts(model, is_composed)


def is_composed(node: ir.Node, opset: int) -> bool:
    """Whether a node is to be lowered by its parts."""
    return find(node.domain, node.op_type, opset) is None and has_function(node, opset)
