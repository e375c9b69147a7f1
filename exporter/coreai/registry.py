"""The handlers of the Core AI writer: a new operator is one file in `ops/`, imported by being there."""

from portproof.exporter.lowering.registry import Entry, Registry

_REGISTRY = Registry("portproof.exporter.coreai.ops")
onnx_op = _REGISTRY.onnx_op
find = _REGISTRY.find
supported = _REGISTRY.supported

__all__ = ["Entry", "find", "onnx_op", "supported"]
