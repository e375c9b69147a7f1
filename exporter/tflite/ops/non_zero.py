"""What a condition chooses: NonZero and Compress. The data decide how many entries there are."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.axes import resolve_axis
from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast
from portproof.exporter.tflite.make.carrier import carried
from portproof.exporter.tflite.make.indices import flatten
from portproof.exporter.tflite.make.movement import gather, pad, slice_
from portproof.exporter.tflite.make.selection import columns, open_size, opened, places, taken_at
from portproof.exporter.tflite.make.widened import NUMBERS, widened
from portproof.exporter.tflite.ops.gather import GATHER_TYPES
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, dtype_of, rank_of, shape_of

_NOTE = "other operators behind it, without a declared shape"


@onnx_op("NonZero", since=9, note=_NOTE)
def non_zero(b: Builder, x: ir.Value) -> ir.Value:
    """Where `x` is not zero: int64 [rank, count]."""
    if rank_of(x) == 0:
        raise Refusal("a scalar has no axes to count on", "use NotEqual")
    mask = x if dtype_of(x) == np.bool_ else widened(b, NUMBERS, [x], lambda p: binary(b, "NOT_EQUAL", p, 0))
    count = open_size(b, 0, 1)
    rank = rank_of(x)
    rows = columns(b, mask, count)
    return opened(b.emit("PACK", rows, shape=(rank, count), dtype=np.int64, values_count=rank, axis=0), 1)


@onnx_op("Compress", since=9, note=f"a condition computed at run time: {_NOTE}")
def compress(b: Builder, x: ir.Value, condition: ir.Value, *, axis: int | None) -> ir.Value:
    """The entries where the condition holds, along `axis` or of the flattened data; one too short ends in false."""
    data = flatten(b, x) if axis is None else x
    along = 0 if axis is None else resolve_axis(axis, len(shape_of(x)))
    wide, array = carried(b, data, GATHER_TYPES, "Compress"), array_of(condition)
    if array is not None:
        return cast(b, gather(b, wide, np.flatnonzero(array), along), dtype_of(x))
    size = shape_of(data)[along]
    given = slice_(b, condition, [0], [min(size, shape_of(condition)[0])])
    missing = size - shape_of(given)[0]
    mask = cast(b, pad(b, cast(b, given, np.int32), [(0, missing)]), np.bool_) if missing else given
    y = taken_at(b, wide, places(b, mask, open_size(b, 0, along)), along)
    return opened(cast(b, y, dtype_of(x)), along)
