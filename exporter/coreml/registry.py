"""The handlers of the Core ML writer: a new operator is one file in `ops/`, imported by being there."""

from typing import Any, TypeVar

from portproof.exporter.lowering.registry import Entry, Registry

H = TypeVar("H")

_REGISTRY = Registry("portproof.exporter.coreml.ops")
onnx_op = _REGISTRY.onnx_op
find = _REGISTRY.find
supported = _REGISTRY.supported

__all__ = ["Entry", "find", "onnx_op", "saturates", "supported", "takes_folded", "takes_narrow"]


def takes_narrow(handler: H) -> H:
    """Marks a handler that takes values of 8 and 16 bit as they are; others get them as int32."""
    marked: Any = handler
    marked.takes_narrow = True
    return handler


def saturates(handler: H) -> H:
    """Marks a handler for which a whole number beyond int32 means what int32's limit means, as an end of a slice."""
    marked: Any = handler
    marked.saturates = True
    return handler


def takes_folded(handler: H) -> H:
    """Marks a handler that takes tensors of more axes than Core ML has: see `items.Folded`."""
    marked: Any = handler
    marked.takes_folded = True
    return handler
