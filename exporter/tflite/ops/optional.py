"""Optional values: there or not is known when the model is converted, nothing of them is left in the file."""

from typing import Any

import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.items import Item, Nothing
from portproof.exporter.tflite.registry import onnx_op

_NOTE = "not as an input or output of the model"


@onnx_op("Optional", since=15, note=_NOTE)
def optional(b: Builder, value: Item | None = None, *, type: Any) -> Item:  # noqa: A002 (ONNX's name)
    """What it holds, or nothing."""
    return Nothing() if value is None else value


@onnx_op("OptionalHasElement", since=15)
def optional_has_element(b: Builder, value: Item | None = None) -> ir.Value:
    """A constant."""
    return b.const(not (value is None or isinstance(value, Nothing)))


@onnx_op("OptionalGetElement", since=15)
def optional_get_element(b: Builder, value: Item) -> Item:
    """What it holds."""
    if isinstance(value, Nothing):
        raise Refusal("it takes an element out of an optional value that holds none")
    return value
