"""Along one axis in order: CumSum and ReverseSequence."""

import onnx_ir as ir

from portproof.exporter.lowering.axes import resolve_axis
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast
from portproof.exporter.tflite.make.carrier import carried
from portproof.exporter.tflite.make.movement import reshape
from portproof.exporter.tflite.make.parameter import constant_ints
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, dtype_of, shape_of

CUMSUM_TYPES = frozenset({"float32", "int32", "int64"})
REVERSE_SEQUENCE_TYPES = frozenset({"float32", "int16", "int32", "int64", "uint8"})


@onnx_op("CumSum", since=11, note="not uint64")
def cumsum(b: Builder, x: ir.Value, axis: ir.Value, *, exclusive: int, reverse: int) -> ir.Value:
    """Running sums, forwards or backwards, with or without the element itself."""
    data = carried(b, x, CUMSUM_TYPES, "CumSum", computes=True)
    if array_of(axis) is None:
        along = reshape(b, cast(b, axis, "int32"), ())
    else:
        along = b.const(resolve_axis(constant_ints(axis, "axis")[0], len(shape_of(x))), "int32")
    result = b.emit(
        "CUMSUM",
        [data, along],
        shape=shape_of(x),
        dtype=dtype_of(data),
        exclusive=bool(exclusive),
        reverse=bool(reverse),
    )
    return cast(b, result, dtype_of(x))


@onnx_op("ReverseSequence", since=10, note="not float64, uint64")
def reverse_sequence(b: Builder, x: ir.Value, sequence_lens: ir.Value, *, batch_axis: int, time_axis: int) -> ir.Value:
    """The first `sequence_lens[i]` entries of sequence i backwards, the others where they were."""
    rank = len(shape_of(x))
    data = carried(b, x, REVERSE_SEQUENCE_TYPES, "ReverseSequence")
    result = b.emit(
        "REVERSE_SEQUENCE",
        [data, sequence_lens],
        shape=shape_of(x),
        dtype=dtype_of(data),
        seq_dim=resolve_axis(time_axis, rank),
        batch_dim=resolve_axis(batch_axis, rank),
    )
    return cast(b, result, dtype_of(x))
