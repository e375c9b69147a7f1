"""Operators whose parameters are computed at run time, though the model declares the shape that comes out.

The kernels read the parameters then; where these contradict the declared shape the model contradicts itself. Indices
are cut to 32 bits, which changes nothing: no axis is that long.
"""

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast, reduce, select
from portproof.exporter.tflite.make.known import calc
from portproof.exporter.tflite.make.movement import broadcast_to, reshape
from portproof.exporter.tflite.values import dtype_of, rank_of, shape_of

_ENDS = np.iinfo(np.int32)


def late_int32(b: Builder, x: ir.Value) -> ir.Value:
    """Integers as int32, those beyond it cut to its ends."""
    if dtype_of(x) == np.int32:
        return x
    return cast(b, calc(b, "MINIMUM", calc(b, "MAXIMUM", x, _ENDS.min + 1), _ENDS.max), np.int32)


def of_late_shape(b: Builder, x: ir.Value, shape: ir.Value) -> ir.Value:
    """`x`, which has the shape that the model declares, if that is the `shape` computed at run time.

    Another shape is an error at run time, or where axes of 1 can be repeated, an output that is seen to be different.
    """
    return b.emit("BROADCAST_TO", [x, late_int32(b, shape)], shape=shape_of(x), dtype=dtype_of(x))


def late_slice(
    b: Builder,
    x: ir.Value,
    starts: ir.Value,
    ends: ir.Value,
    axes: ir.Value | None,
    steps: ir.Value | None,
    shape: Sequence[int],
) -> ir.Value:
    """ONNX's Slice of up to 5 axes; all parameters of rank 1 and one size, `axes` and `steps` may be left out."""
    rank = rank_of(x)
    named = b.ints(range(shape_of(starts)[0])) if axes is None else late_int32(b, axes)
    named = calc(b, "FLOOR_MOD", named, rank)
    parameters = []
    for values, default in ((starts, 0), (ends, int(_ENDS.max)), (steps, 1)):
        given = b.ints([1] * shape_of(starts)[0]) if values is None else late_int32(b, values)
        parameters.append(_spread(b, given, named, rank, default))
    return b.emit("STRIDED_SLICE", [x, *parameters], shape=shape, dtype=dtype_of(x))


def _spread(b: Builder, given: ir.Value, named: ir.Value, rank: int, default: int) -> ir.Value:
    """One number for every axis: int32 [rank]."""
    count = shape_of(given)[0]
    match = calc(b, "EQUAL", b.const(np.arange(rank)[:, None], np.int32), reshape(b, named, (1, count)))
    row = broadcast_to(b, reshape(b, given, (1, count)), (rank, count))
    numbers = reduce(b, "SUM", select(b, match, row, b.const(0, np.int32)), [1], keepdims=False)
    found = reduce(b, "REDUCE_ANY", match, [1], keepdims=False)
    return select(b, found, numbers, b.const(default, np.int32))


def late_pad(b: Builder, x: ir.Value, pads: ir.Value, value: ir.Value | None, shape: Sequence[int]) -> ir.Value:
    """Constant padding of every axis by `pads`, [before..., after...]; a negative width fails at run time."""
    rank = rank_of(x)
    widths = reshape(b, late_int32(b, pads), (2, rank))
    widths = b.emit("TRANSPOSE", [widths, b.ints([1, 0])], shape=(rank, 2), dtype=np.int32)
    filling = b.const(np.zeros(1, dtype_of(x))) if value is None else reshape(b, value, (1,))
    return b.emit("PADV2", [x, widths, filling], shape=shape, dtype=dtype_of(x))
