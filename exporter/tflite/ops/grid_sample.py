"""GridSample: entries at places that a second input gives, between -1 and 1 along each axis."""

import math

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast
from portproof.exporter.tflite.make.carrier import carried
from portproof.exporter.tflite.make.floats import as_float32
from portproof.exporter.tflite.make.interpolate import (
    Tap,
    cubic_taps,
    interpolate,
    linear_taps,
    nearest_taps,
    reflect,
)
from portproof.exporter.tflite.make.known import calc, clip
from portproof.exporter.tflite.make.movement import channels_first, channels_last, pad, reshape, slice_
from portproof.exporter.tflite.ops.gather import GATHER_TYPES
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import dtype_of, rank_of, shape_of

_TAPS = {
    "nearest": nearest_taps,
    "linear": linear_taps,
    "bilinear": linear_taps,
    "cubic": cubic_taps,
    "bicubic": cubic_taps,
}
_PADDINGS = ("zeros", "border", "reflection")
_PAD_TYPES = GATHER_TYPES - {"float16", "int16", "bool"}


@onnx_op("GridSample", since=16, note="mode nearest for integers too")
def grid_sample(
    b: Builder, x: ir.Value, grid: ir.Value, *, align_corners: int, mode: str, padding_mode: str
) -> ir.Value:
    """Any number of spatial axes. `zeros` is a frame of zeros around the image, in which places outside end.

    With `border` only the entries that are read move inside, as in torch and ONNX Runtime; ONNX's own evaluator moves
    the place itself, which makes a difference for `cubic`.
    """
    if mode not in _TAPS or padding_mode not in _PADDINGS:
        raise Refusal(f"mode {mode} with padding_mode {padding_mode} is not known")
    data = carried(b, x, _PAD_TYPES, "GridSample") if mode == "nearest" else as_float32(b, x, "GridSample")
    grid, sizes, frame = as_float32(b, grid, "GridSample"), shape_of(x)[2:], int(padding_mode == "zeros")
    axes = []
    for axis, size in enumerate(sizes):
        place = _place(b, _coordinate(b, grid, len(sizes) - 1 - axis), size, bool(align_corners))
        place = calc(b, "ROUND", place) if mode == "nearest" else place
        ends = (0.0, size - 1.0) if align_corners else (-0.5, size - 0.5)
        taps = _TAPS[mode](b, reflect(b, place, *ends) if padding_mode == "reflection" else place)
        axes.append([Tap(place=_inside(b, tap.place, size, ends, padding_mode), weight=tap.weight) for tap in taps])
    framed = [size + 2 * frame for size in sizes]
    rows = channels_last(b, pad(b, data, [(0, 0), (0, 0), *((frame, frame),) * len(sizes)]))
    rows = reshape(b, rows, (math.prod((shape_of(x)[0], *framed)), shape_of(x)[1]))
    starts = np.arange(shape_of(x)[0]) * math.prod(framed)
    first = b.const(starts.reshape(-1, *(1,) * len(sizes)), np.int32)
    return cast(b, channels_first(b, interpolate(b, rows, axes, framed, first)), dtype_of(x))


def _coordinate(b: Builder, grid: ir.Value, number: int) -> ir.Value:
    """One of the coordinates of every point; the last axis of the image comes first."""
    shape = shape_of(grid)
    part = slice_(b, grid, [*(0,) * (rank_of(grid) - 1), number], (*shape[:-1], 1))
    return reshape(b, part, shape[:-1])


def _place(b: Builder, n: ir.Value, size: int, align_corners: bool) -> ir.Value:
    """From [-1, 1] to entries, in the order of ONNX Runtime's `GsDenormalize`."""
    shifted = calc(b, "ADD", n, 1)
    if align_corners:
        return calc(b, "MUL", calc(b, "DIV", shifted, 2), size - 1)
    return calc(b, "DIV", calc(b, "SUB", calc(b, "MUL", shifted, size), 1), 2)


def _inside(b: Builder, place: ir.Value, size: int, ends: tuple[float, float], padding_mode: str) -> ir.Value:
    """A whole place as an entry of the axis, or of the framed axis."""
    if padding_mode == "zeros":
        return calc(b, "ADD", clip(b, place, -1, size), 1)
    if padding_mode == "reflection":
        place = reflect(b, place, *ends)
    return clip(b, place, 0, size - 1)
