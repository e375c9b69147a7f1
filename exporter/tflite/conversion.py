"""ONNX to TFLite: lowering, the passes on the `tfl` dialect, the writer."""

from dataclasses import dataclass, field
from pathlib import Path

import onnx_ir as ir

from portproof.exporter.tflite.layout.assign import assign_layouts
from portproof.exporter.tflite.layout.rewrite import transposed_bytes
from portproof.exporter.tflite.lower import lower
from portproof.exporter.tflite.passes.float16_weights import Float16Weights
from portproof.exporter.tflite.passes.pipeline import after_layout, before_layout
from portproof.exporter.tflite.patterns import recognised
from portproof.exporter.tflite.writer.model import write_pieces
from portproof.exporter.tflite.writer.runtime_versions import oldest_release
from portproof.exporter.tflite.writer.versions import operator_version

Perm = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Converted:
    """A TFLite file in memory, and what there is to say of it.

    Attributes:
        pieces: the file, to be written one piece after the other; more than one beyond 2 GiB.
        input_perms: for inputs whose axes differ from the source's: its axes in the order of the file.
        output_perms: the same for outputs.
        op_counts: how many operators of each kind, sorted by name.
        transpose_bytes: bytes that the TRANSPOSE operators left move in one run.
        oldest_release: of TensorFlow Lite that has every operator of the file; None where one is not on record.
    """

    pieces: tuple[memoryview, ...]
    input_perms: dict[str, Perm] = field(default_factory=dict)
    output_perms: dict[str, Perm] = field(default_factory=dict)
    op_counts: dict[str, int] = field(default_factory=dict)
    transpose_bytes: int = 0
    oldest_release: str | None = None

    @property
    def data(self) -> memoryview:
        """The bytes of the file; beyond 2 GiB this copies them, `save` does not."""
        return self.pieces[0] if len(self.pieces) == 1 else memoryview(b"".join(self.pieces))

    def save(self, path: Path) -> None:
        """Writes the file."""
        with path.open("wb") as file:
            for piece in self.pieces:
                file.write(piece)


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
    lowered = before_layout(lower(recognised(model)))
    perms = assign_layouts(lowered, free_io=io_layout == "auto")
    lowered = after_layout(lowered)
    if float16_weights:
        Float16Weights()(lowered)
    pieces = write_pieces(lowered, perms={"inputs": perms.inputs, "outputs": perms.outputs})
    counts = op_counts(lowered)
    return Converted(
        pieces=tuple(pieces),
        input_perms=perms.inputs,
        output_perms=perms.outputs,
        op_counts=counts,
        transpose_bytes=transposed_bytes(lowered.graph),
        oldest_release=oldest_release({(node.op_type, operator_version(node)) for node in lowered.graph.all_nodes()}),
    )


def op_counts(model: ir.Model) -> dict[str, int]:
    """How many operators of each kind a `tfl` model has, those of its loops' steps included, sorted by name."""
    names = [node.op_type for node in model.graph.all_nodes()]
    return {name: names.count(name) for name in sorted(set(names))}
