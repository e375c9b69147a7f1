"""RoiAlign: the mean, or the largest, of interpolated samples in each bin of each region."""

from dataclasses import dataclass, replace

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast
from portproof.exporter.tflite.make.floats import as_float32
from portproof.exporter.tflite.make.interpolate import Tap, interpolate
from portproof.exporter.tflite.make.known import calc, clip
from portproof.exporter.tflite.make.movement import channels_first, channels_last, concat, reshape, slice_
from portproof.exporter.tflite.make.pooling import kernel_2d
from portproof.exporter.tflite.make.window import Window
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, dtype_of, shape_of


@dataclass(frozen=True, kw_only=True)
class _Bins:
    """How a region is sampled along one axis: `column` of its start, bins, samples in a bin (0: as many as fit)."""

    column: int
    size: int
    out: int
    samples: int
    scale: float
    half_pixel: bool


@onnx_op("RoiAlign", since=10, note="sampling_ratio of 0 with constant rois only")
def roi_align(
    b: Builder,
    x: ir.Value,
    rois: ir.Value,
    batch_indices: ir.Value,
    *,
    coordinate_transformation_mode: str | None,
    mode: str,
    output_height: int,
    output_width: int,
    sampling_ratio: int,
    spatial_scale: float,
) -> ir.Value:
    """x: [N, C, H, W], rois: [R, 4] as x1, y1, x2, y2; [R, C, output_height, output_width]."""
    dtype = dtype_of(x)
    half_pixel = coordinate_transformation_mode == "half_pixel"
    axes = [
        _Bins(column=1 - axis, size=size, out=out, samples=sampling_ratio, scale=spatial_scale, half_pixel=half_pixel)
        for axis, (size, out) in enumerate(zip(shape_of(x)[2:], (output_height, output_width), strict=True))
    ]
    data, regions = as_float32(b, x, "RoiAlign"), as_float32(b, rois, "RoiAlign")
    rows = reshape(b, channels_last(b, data), (shape_of(x)[0] * axes[0].size * axes[1].size, shape_of(x)[1]))
    images = cast(b, batch_indices, np.int32)
    if sampling_ratio > 0:
        y = _regions(b, rows, regions, images, axes, mode)
    else:
        y = concat(b, _one_by_one(b, rows, regions, images, axes, mode), 0)
    return cast(b, channels_first(b, y), dtype)


def _one_by_one(
    b: Builder, rows: ir.Value, rois: ir.Value, images: ir.Value, axes: list[_Bins], mode: str
) -> list[ir.Value]:
    """Each region with its own number of samples: as many as its bins have entries."""
    array = array_of(rois)
    if array is None:
        raise Refusal("sampling_ratio=0 takes more samples in larger regions", "set sampling_ratio, 2 for example")
    results = []
    for number in range(len(array)):
        roi = b.const(array[number : number + 1])
        extents = [array_of(_extent(b, roi, axis)[1]) for axis in axes]
        counts = [max(int(np.ceil(e.item() / a.out)), 1) for e, a in zip(extents, axes, strict=True) if e is not None]
        own = [replace(axis, samples=count) for axis, count in zip(axes, counts, strict=True)]
        results.append(_regions(b, rows, roi, slice_(b, images, [number], [1]), own, mode))
    return results


def _regions(b: Builder, rows: ir.Value, rois: ir.Value, images: ir.Value, axes: list[_Bins], mode: str) -> ir.Value:
    """[R, out, out, C]."""
    count = shape_of(rois)[0]
    pixels = axes[0].size * axes[1].size
    first = reshape(b, calc(b, "MUL", images, pixels), (count, 1, 1))
    taps = [_taps(b, rois, axis, number) for number, axis in enumerate(axes)]
    sizes = [axis.size for axis in axes]
    samples = interpolate(b, rows, taps, sizes, first, "MAXIMUM" if mode == "max" else "ADD")
    step = tuple(axis.samples for axis in axes)
    window = Window(size=shape_of(samples)[1:3], kernel=step, stride=step, dilation=(1, 1), pads=((0, 0), (0, 0)))
    return kernel_2d(b, "MAX_POOL_2D" if mode == "max" else "AVERAGE_POOL_2D", samples, window, "VALID")


def _extent(b: Builder, rois: ir.Value, axis: _Bins) -> tuple[ir.Value, ir.Value]:
    """Where each region starts and how long it is, in entries: float32 [R, 1] each."""
    ends = [slice_(b, rois, [0, column], [shape_of(rois)[0], 1]) for column in (axis.column, axis.column + 2)]
    offset = 0.5 if axis.half_pixel else 0.0
    start, end = (calc(b, "SUB", calc(b, "MUL", value, axis.scale), offset) for value in ends)
    length = calc(b, "SUB", end, start)
    return start, length if axis.half_pixel else calc(b, "MAXIMUM", length, 1)


def _taps(b: Builder, rois: ir.Value, axis: _Bins, number: int) -> list[Tap]:
    """Two entries for each sample, with weights of 0 where it lies more than one entry outside."""
    start, length = _extent(b, rois, axis)
    size = calc(b, "DIV", length, axis.out)
    bins = np.repeat(np.arange(axis.out), axis.samples).astype(np.float32)
    within = np.tile(np.arange(axis.samples) + 0.5, axis.out).astype(np.float32)
    step = calc(b, "DIV", calc(b, "MUL", size, b.const(within[None])), axis.samples)
    place = calc(b, "ADD", start, calc(b, "MUL", size, b.const(bins[None])), step)
    valid = calc(b, "EQUAL", clip(b, place, -1, axis.size), place)
    place = clip(b, place, 0, axis.size - 1)
    low = calc(b, "FLOOR", place)
    part = calc(b, "SUB", place, low)
    rest = calc(b, "SUB", b.const(1, np.float32), part)
    high = calc(b, "MINIMUM", calc(b, "ADD", low, 1), axis.size - 1)
    inside = cast(b, valid, np.float32)
    pairs = [(low, calc(b, "MUL", rest, inside)), (high, calc(b, "MUL", part, inside))]
    return [Tap(place=_on_axis(b, at, number), weight=_on_axis(b, weight, number)) for at, weight in pairs]


def _on_axis(b: Builder, value: ir.Value, number: int) -> ir.Value:
    """[R, samples] so that it broadcasts along the axes [R, height, width]."""
    count, samples = shape_of(value)
    return reshape(b, value, (count, samples, 1) if number == 0 else (count, 1, samples))
