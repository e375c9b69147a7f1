"""What the user is told of nodes that a format cannot express."""

import onnx_ir as ir

from portproof.device_profiles.errors import Message
from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.passes.functions import PART_OF
from portproof.exporter.provenance import where


def refused_node(node: ir.Node, refusal: Refusal, *, target: str, format_name: str) -> Message:
    """``E-OP-UNSUPPORTED`` for a node.

    Args:
        node: of the ONNX model, or a part of one.
        refusal: why.
        target: ``"tflite"``, ``"coreml"``: for machines.
        format_name: the same for people.
    """
    whole = node.metadata_props.get(PART_OF, node.op_type)
    part = "" if whole == node.op_type else f"of {node.op_type}, by which ONNX defines it: "
    return Message(
        code="E-OP-UNSUPPORTED",
        what=f"{whole} cannot be written in {format_name}",
        where=where(node),
        why=part + refusal.reason,
        hint=refusal.hint,
        details={"op_type": whole, "node": node.name or "", "target": target},
    )


def no_tensor(kind: str, name: str | None, *, target: str, format_name: str) -> Message:
    """What is inside of a model may be a sequence, what goes in or out may not."""
    return Message(
        code="E-OP-UNSUPPORTED",
        what=f"{kind} {name} cannot be written in {format_name}",
        why=f"it is a sequence or an optional value, which {format_name} does not have",
        hint=f"make each of its tensors an {kind} of the model",
        details={"target": target},
    )
