"""The handlers of the TFLite writer: a new operator is one file in `ops/`, imported by being there."""

from collections.abc import Sequence
from typing import Any, cast

from portproof.exporter.lowering.registry import Entry, Registry
from portproof.exporter.lowering.registry import call as _call
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.items import Item

Outputs = Item | Sequence[Item | None]

_REGISTRY = Registry("portproof.exporter.tflite.ops")
onnx_op = _REGISTRY.onnx_op
find = _REGISTRY.find
supported = _REGISTRY.supported

__all__ = ["Entry", "Outputs", "call", "find", "onnx_op", "supported"]


def call(entry: Entry, builder: Builder, inputs: Sequence[Any], attributes: dict[str, Any]) -> Outputs:
    """Calls a handler with what was bound to its signature."""
    return cast(Outputs, _call(entry, builder, inputs, attributes))
