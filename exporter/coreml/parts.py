"""Which operators the Core ML writer lowers by their parts, and which patterns are single operators of MIL."""

import onnx_ir as ir

from portproof.exporter.coreml.registry import find
from portproof.exporter.coreml.unsupported import reason
from portproof.exporter.lowering import parts
from portproof.exporter.passes.functions import has_function


def by_parts(model: ir.Model) -> ir.Model:
    """`model`, with the function bodies of the schemas in place of operators that have no handler."""
    return parts.by_parts(model, is_composed)


def is_composed(node: ir.Node, opset: int) -> bool:
    """Whether a node is to be lowered by its parts."""
    if find(node.domain, node.op_type, opset) is not None or reason(node.op_type):
        return False
    return has_function(node, opset)
