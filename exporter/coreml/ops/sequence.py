"""ReverseSequence: the beginnings of sequences turned round."""

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, rank_of
from portproof.exporter.lowering.axes import resolve_axis


@onnx_op("ReverseSequence", since=10)
def reverse_sequence(b: Builder, x: Var, sequence_lens: Var, *, batch_axis: int, time_axis: int) -> Var:
    """The first `sequence_lens[i]` entries of sequence i backwards, the others where they were."""
    along, batch = (resolve_axis(axis, rank_of(x)) for axis in (time_axis, batch_axis))
    return b.emit("reverse_sequence", x=x, lengths=sequence_lens, seq_axis=along, batch_axis=batch)
