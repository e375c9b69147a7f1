"""What a handler must know when the file is written: constant parameters, axes, the declared output."""

import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.dynamic import unknown_shape
from portproof.exporter.tflite.values import array_of, shape_of

Shape = tuple[int, ...]


def declared_shape(b: Builder, index: int = 0) -> Shape:
    """The static shape that ONNX's shape inference gave to an output of the node being lowered.

    Raises:
        Refusal: it gave none.
    """
    output = _output(b, index)
    if output.shape is None or not output.shape.is_static():
        raise unknown_shape(output)
    return shape_of(output)


def has_output(b: Builder, index: int) -> bool:
    """Whether the node being lowered names its output `index`."""
    outputs = b.source.outputs if b.source is not None else ()
    return index < len(outputs) and bool(outputs[index].name)


def constant_ints(value: ir.Value, what: str) -> list[int]:
    """The integers that `value` holds.

    Args:
        value: an input of the node.
        what: its name in the ONNX schema, for the refusal.

    Raises:
        Refusal: it is computed at run time.
    """
    array = array_of(value)
    if array is None:
        raise Refusal(f"{what} is computed at run time", f"make {what} a constant of the model")
    return [int(item) for item in array.reshape(-1)]


def _output(b: Builder, index: int) -> ir.Value:
    if b.source is None:
        raise KeyError("no ONNX node is being lowered")
    return b.source.outputs[index]
