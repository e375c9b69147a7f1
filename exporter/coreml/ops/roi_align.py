"""RoiAlign: the mean or the largest of samples in the bins of each region."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary, unary
from portproof.exporter.coreml.make.interpolate import Tap, between, interpolate
from portproof.exporter.coreml.make.movement import box, concat, reshape, transpose
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, array_of, dtype_of, shape_of
from portproof.exporter.lowering.refusal import Refusal


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
    x: Var,
    rois: Var,
    batch_indices: Var,
    *,
    coordinate_transformation_mode: str | None,
    mode: str,
    output_height: int,
    output_width: int,
    sampling_ratio: int,
    spatial_scale: float,
) -> Var:
    """x: [N, C, H, W], rois: [R, 4] as x1, y1, x2, y2; [R, C, output_height, output_width]. Places stay in float32."""
    half_pixel = coordinate_transformation_mode == "half_pixel"
    n, channels, *sizes = shape_of(x)
    axes = [
        _Bins(column=1 - axis, size=size, out=out, samples=sampling_ratio, scale=spatial_scale, half_pixel=half_pixel)
        for axis, (size, out) in enumerate(zip(sizes, (output_height, output_width), strict=True))
    ]
    with b.exactly():
        last = transpose(b, reshape(b, b.cast(x, "float32"), (n, channels, sizes[0] * sizes[1])), (0, 2, 1))
        rows = reshape(b, last, (n * sizes[0] * sizes[1], channels))
        regions = b.cast(rois, "float32")
        if sampling_ratio > 0:
            y = _regions(b, rows, regions, batch_indices, axes, mode)
        else:
            y = concat(b, _one_by_one(b, rows, regions, batch_indices, axes, mode), 0)
        return b.cast(y, dtype_of(x))


def _one_by_one(b: Builder, rows: Var, rois: Var, images: Var, axes: list[_Bins], mode: str) -> list[Var]:
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
        results.append(_regions(b, rows, roi, box(b, images, 0, number, 1), own, mode))
    return results


def _regions(b: Builder, rows: Var, rois: Var, images: Var, axes: Sequence[_Bins], mode: str) -> Var:
    """[R, C, out, out]."""
    count = shape_of(rois)[0]
    first = reshape(b, binary(b, "mul", images, axes[0].size * axes[1].size), (count, 1, 1))
    taps = [_taps(b, rois, axis, number) for number, axis in enumerate(axes)]
    samples = interpolate(b, rows, taps, [axis.size for axis in axes], first, "maximum" if mode == "max" else "add")
    step = [axis.samples for axis in axes]
    images_first = transpose(b, samples, (0, 3, 1, 2))
    op = "max_pool" if mode == "max" else "avg_pool"
    return b.emit(op, x=images_first, kernel_sizes=step, strides=step, pad_type="valid")


def _extent(b: Builder, rois: Var, axis: _Bins) -> tuple[Var, Var]:
    """Where each region starts and how long it is, in entries: float32 [R, 1] each."""
    ends = [box(b, rois, 1, column, 1) for column in (axis.column, axis.column + 2)]
    offset = 0.5 if axis.half_pixel else 0.0
    start, end = (binary(b, "sub", binary(b, "mul", value, axis.scale), offset) for value in ends)
    length = binary(b, "sub", end, start)
    return start, length if axis.half_pixel else binary(b, "maximum", length, 1)


def _taps(b: Builder, rois: Var, axis: _Bins, number: int) -> list[Tap]:
    """Two entries for each sample, with weights of 0 where it lies more than one entry outside."""
    start, length = _extent(b, rois, axis)
    size = binary(b, "real_div", length, axis.out)
    bins = np.repeat(np.arange(axis.out), axis.samples)[None]
    within = np.tile(np.arange(axis.samples) + 0.5, axis.out)[None]
    step = binary(b, "real_div", binary(b, "mul", size, within), axis.samples)
    place = binary(b, "add", binary(b, "add", start, binary(b, "mul", size, bins)), step)
    valid = b.cast(binary(b, "equal", between(b, place, -1, axis.size), place), "float32")
    place = between(b, place, 0, axis.size - 1)
    low = unary(b, "floor", place)
    part = binary(b, "sub", place, low)
    rest = binary(b, "sub", b.const(1, np.float32), part)
    high = binary(b, "minimum", binary(b, "add", low, 1), axis.size - 1)
    pairs = [(low, binary(b, "mul", rest, valid)), (high, binary(b, "mul", part, valid))]
    return [Tap(place=_on_axis(b, at, number), weight=_on_axis(b, weight, number)) for at, weight in pairs]


def _on_axis(b: Builder, value: Var, number: int) -> Var:
    """[R, samples] so that it broadcasts along the axes [R, height, width]."""
    count, samples = shape_of(value)
    return reshape(b, value, (count, samples, 1) if number == 0 else (count, 1, samples))
