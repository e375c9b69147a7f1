"""What a handler must know when the file is written: constant parameters, axes, the declared output."""

import onnx_ir as ir

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.values import Var, array_of
from portproof.exporter.lowering.refusal import Refusal


def constant_ints(value: Var, what: str) -> list[int]:
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


def output_count(b: Builder) -> int:
    """How many outputs the node being lowered lists."""
    return len(b.source.outputs) if b.source is not None else 0


def has_output(b: Builder, index: int) -> bool:
    """Whether the node being lowered names its output `index`."""
    return index < output_count(b) and b.source is not None and bool(b.source.outputs[index].name)


def declared_shape(b: Builder, index: int = 0) -> tuple[int, ...] | None:
    """The static shape that ONNX's shape inference gave to an output of the node being lowered; None without one."""
    output = b.source.outputs[index] if b.source is not None else None
    return static_shape(output)


def static_shape(value: ir.Value | None) -> tuple[int, ...] | None:
    """The shape of an ONNX value, None when a size of it is not known."""
    if value is None or value.shape is None or not value.shape.is_static():
        return None
    return tuple(int(size) for size in value.shape.numpy())
