"""float64, for which TFLite has no arithmetic: computed in float32, and told."""

import json

import onnx_ir as ir

from portproof.device_profiles.errors import Message
from portproof.exporter.provenance import where

_KEY = "portproof.narrowed"
_MEANT = ("Cast", "CastLike")
"""Operators of a model that ask for the conversion themselves."""


def mark(node: ir.Node, source: ir.Node | None) -> None:
    """Notes on `node`, a CAST, that it makes float32 of the float64 that the ONNX node `source` computes with."""
    if source is not None and source.op_type not in _MEANT:
        node.metadata_props[_KEY] = json.dumps([source.op_type, where(source)])


def warnings(model: ir.Model) -> tuple[Message, ...]:
    """One message for each ONNX node of a lowered model that computes float64 in float32."""
    marks = (node.metadata_props.get(_KEY) for node in model.graph.all_nodes())
    return tuple(_message(*json.loads(found)) for found in dict.fromkeys(marks) if found)


def _message(op_type: str, place: str) -> Message:
    return Message(
        code="W-FLOAT64",
        what=f"{op_type} computes float64 in float32",
        where=place,
        why="TFLite has no arithmetic in float64: about 7 digits are left, and nothing beyond 3.4e38",
        hint="Compare the report's errors with what you need, or make the model float32.",
        details={"op_type": op_type},
    )
