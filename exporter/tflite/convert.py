"""ONNX to TFLite: lowering, the passes on the `tfl` dialect, the writer."""

from dataclasses import dataclass, field

import onnx_ir as ir

from portproof.exporter.tflite.layout.assign import assign_layouts
from portproof.exporter.tflite.layout.rewrite import transposed_bytes
from portproof.exporter.tflite.lower import lower
from portproof.exporter.tflite.passes.float16_weights import Float16Weights
from portproof.exporter.tflite.passes.pipeline import after_layout, before_layout
from portproof.exporter.tflite.writer.model import write

Perm = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Converted:
    """A TFLite file in memory, and what there is to say of it.

    Attributes:
        data: the bytes of the file.
        input_perms: for inputs whose axes differ from the source's: its axes in the order of the file.
        output_perms: the same for outputs.
        op_counts: how many operators of each kind, sorted by name.
        transpose_bytes: bytes that the TRANSPOSE operators left move in one run.
    """

    data: memoryview
    input_perms: dict[str, Perm] = field(default_factory=dict)
    output_perms: dict[str, Perm] = field(default_factory=dict)
    op_counts: dict[str, int] = field(default_factory=dict)
    transpose_bytes: int = 0


def convert_model(model: ir.Model, *, io_layout: str = "auto", float16_weights: bool = False) -> Converted:
    """Converts an ONNX model in memory.

    Args:
        model: simplified, with static shapes and functions inlined.
        io_layout: ``"auto"`` lets inputs and outputs of rank 4 be channels-last where that saves transposes;
            ``"keep"`` keeps ONNX's shapes.
        float16_weights: store large float32 constants as float16; everything is still computed in float32.

    Raises:
        PortproofError: ``E-OP-UNSUPPORTED``, one message for each node that cannot be written.
    """
    lowered = before_layout(lower(model))
    perms = assign_layouts(lowered, free_io=io_layout == "auto")
    lowered = after_layout(lowered)
    if float16_weights:
        Float16Weights()(lowered)
    data = write(lowered, perms={"inputs": perms.inputs, "outputs": perms.outputs})
    counts = op_counts(lowered)
    return Converted(
        data=data,
        input_perms=perms.inputs,
        output_perms=perms.outputs,
        op_counts=counts,
        transpose_bytes=transposed_bytes(lowered.graph),
    )


def op_counts(model: ir.Model) -> dict[str, int]:
    """How many operators of each kind a `tfl` model has, sorted by name."""
    names = [node.op_type for node in model.graph]
    return {name: names.count(name) for name in sorted(set(names))}
