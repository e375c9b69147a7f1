"""Binds an ONNX node to its handler's signature by the ONNX schema: inputs by position, attributes by keyword."""

import functools
import inspect
from typing import Any

import onnx
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.lowering.registry import Entry


def bind(node: ir.Node, entry: Entry, opset: int) -> dict[str, Any]:
    """The attributes of `node` that the handler takes, with the schema's defaults.

    Raises:
        Refusal: the node carries an attribute that the handler does not know.
    """
    wanted = _keywords(entry)
    domain = "" if node.domain == "ai.onnx" else node.domain
    bound = dict(_unset(entry, node.op_type, opset, domain))
    if node.attributes:
        unknown = sorted(set(node.attributes) - wanted)
        if unknown:
            raise Refusal(f"attribute {', '.join(unknown)} is not supported")
        bound |= {name: _value(attribute) for name, attribute in node.attributes.items() if name != "op_type"}
    return bound


@functools.cache
def _unset(entry: Entry, op_type: str, opset: int, domain: str) -> dict[str, Any]:
    """What a node without attributes is bound to."""
    defaults = _defaults(op_type, opset, domain)
    bound = {name: defaults.get(name) for name in _keywords(entry) if name != "op_type"}
    return bound | {"op_type": op_type} if "op_type" in _keywords(entry) else bound


@functools.cache
def _keywords(entry: Entry) -> frozenset[str]:
    parameters = inspect.signature(entry.handler).parameters.values()
    return frozenset(item.name for item in parameters if item.kind is inspect.Parameter.KEYWORD_ONLY)


@functools.cache
def _defaults(op_type: str, opset: int, domain: str) -> dict[str, Any]:
    try:
        schema = onnx.defs.get_schema(op_type, opset, domain)
    except onnx.defs.SchemaError:
        return {}
    found = {}
    for name, item in schema.attributes.items():
        if item.default_value.type != onnx.AttributeProto.UNDEFINED:
            default = onnx.helper.get_attribute_value(item.default_value)
            found[name] = _text(default)
    return found


def _text(value: Any) -> Any:
    """Strings in place of the bytes that protocol buffers have."""
    if isinstance(value, list):
        return [_text(item) for item in value]
    return value.decode() if isinstance(value, bytes) else value


def _value(attribute: ir.Attr) -> Any:
    value = attribute.value
    return list(value) if isinstance(value, tuple) else value
