"""Optional values: there or not is known when the model is converted, nothing of them is left in the file."""

from typing import Any

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.items import Item, Nothing
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var
from portproof.exporter.lowering.refusal import Refusal

_NOTE = "not as an input or output of the model"


@onnx_op("Optional", since=15, note=_NOTE)
def optional(b: Builder, value: Item | None = None, *, type: Any) -> Item:  # noqa: A002 (ONNX's name)
    """What it holds, or nothing."""
    return Nothing() if value is None else value


@onnx_op("OptionalHasElement", since=15)
def optional_has_element(b: Builder, value: Item | None = None) -> Var:
    """A constant."""
    return b.const(not (value is None or isinstance(value, Nothing)))


@onnx_op("OptionalGetElement", since=15)
def optional_get_element(b: Builder, value: Item) -> Item:
    """What it holds."""
    if isinstance(value, Nothing):
        raise Refusal("it takes an element out of an optional value that holds none")
    return value
