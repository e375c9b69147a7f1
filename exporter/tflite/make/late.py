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
from portproof.exporter.tflite.make.movement import broadcast_to, concat, gather, reshape, slice_
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
        parameters.append(spread(b, given, named, rank, default))
    return b.emit("STRIDED_SLICE", [x, *parameters], shape=shape, dtype=dtype_of(x))


def spread(b: Builder, given: ir.Value, named: ir.Value, rank: int, default: int) -> ir.Value:
    """One number for every axis, `default` for those not `named`: int32 [rank]."""
    count = shape_of(given)[0]
    match = calc(b, "EQUAL", b.const(np.arange(rank)[:, None], np.int32), reshape(b, named, (1, count)))
    row = broadcast_to(b, reshape(b, given, (1, count)), (rank, count))
    numbers = reduce(b, "SUM", select(b, match, row, b.const(0, np.int32)), [1], keepdims=False)
    found = reduce(b, "REDUCE_ANY", match, [1], keepdims=False)
    return select(b, found, numbers, b.const(default, np.int32))


def late_widths(b: Builder, pads: ir.Value, axes: ir.Value | None, rank: int) -> tuple[ir.Value, ir.Value]:
    """What Pad puts before and behind every axis, of `pads` [before..., after...] for `axes`: int32 [rank] each."""
    count = shape_of(pads)[0] // 2
    ends = (slice_(b, late_int32(b, pads), [start], [count]) for start in (0, count))
    if axes is None:
        before, after = ends
        return before, after
    named = calc(b, "FLOOR_MOD", late_int32(b, axes), rank)
    before, after = (spread(b, given, named, rank, 0) for given in ends)
    return before, after


def late_pad(
    b: Builder,
    x: ir.Value,
    widths: tuple[ir.Value, ir.Value],
    value: ir.Value | None,
    shape: Sequence[int],
) -> ir.Value:
    """Constant padding of every axis; a negative width fails at run time."""
    rank = rank_of(x)
    pairs = concat(b, [reshape(b, width, (rank, 1)) for width in widths], 1)
    filling = b.const(np.zeros(1, dtype_of(x))) if value is None else reshape(b, value, (1,))
    return b.emit("PADV2", [x, pairs, filling], shape=shape, dtype=dtype_of(x))


def late_repeat(
    b: Builder, x: ir.Value, widths: tuple[ir.Value, ir.Value], mode: str, shape: Sequence[int]
) -> ir.Value:
    """Padding by entries of `x` itself, one axis after the other: `mode` is edge, reflect or wrap.

    A negative width cuts first, as in ONNX Runtime.
    """
    ends = []
    for axis, out in enumerate(shape):
        size = shape_of(x)[axis]
        before, after = (slice_(b, width, [axis], [1]) for width in widths)
        cut = calc(b, "MAXIMUM", calc(b, "NEG", before), 0)
        left = calc(b, "SUB", calc(b, "ADD", calc(b, "MINIMUM", after, 0), size), cut)
        steps = calc(b, "SUB", b.ints(range(out)), calc(b, "MAXIMUM", before, 0))
        x = gather(b, x, calc(b, "ADD", _source(b, steps, left, mode), cut), axis)
        ends.append(calc(b, "ADD", before, after, size))
    return of_late_shape(b, x, concat(b, ends, 0))


def _source(b: Builder, steps: ir.Value, size: ir.Value, mode: str) -> ir.Value:
    """The entry of an axis that stands at each step from its beginning, which may lie before or behind it."""
    if mode == "wrap":
        return calc(b, "FLOOR_MOD", steps, size)
    last = calc(b, "SUB", size, 1)
    if mode == "edge":
        return calc(b, "MINIMUM", calc(b, "MAXIMUM", steps, 0), last)
    period = calc(b, "MUL", last, 2)
    place = calc(b, "FLOOR_MOD", steps, calc(b, "MAXIMUM", period, 1))
    return calc(b, "MINIMUM", place, calc(b, "SUB", period, place))
