"""GridSample: entries at places that a second input gives, between -1 and 1 along each axis."""

import math

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary, unary
from portproof.exporter.coreml.make.interpolate import (
    Tap,
    between,
    cubic_taps,
    interpolate,
    linear_taps,
    nearest_taps,
    reflect,
)
from portproof.exporter.coreml.make.movement import box, reshape, transpose
from portproof.exporter.coreml.make.padding import padded
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, is_float, rank_of, shape_of
from portproof.exporter.lowering.refusal import Refusal

_TAPS = {
    "nearest": nearest_taps,
    "linear": linear_taps,
    "bilinear": linear_taps,
    "cubic": cubic_taps,
    "bicubic": cubic_taps,
}
_SAMPLING = {"nearest": "nearest", "linear": "bilinear", "bilinear": "bilinear"}
_PADDINGS = ("zeros", "border", "reflection")


@onnx_op("GridSample", since=16, note="two or three spatial axes")
def grid_sample(b: Builder, x: Var, grid: Var, *, align_corners: int, mode: str, padding_mode: str) -> Var:
    """MIL's resample for images, gathered entries for `cubic` and for volumes; places stay in float32."""
    if mode not in _TAPS or padding_mode not in _PADDINGS:
        raise Refusal(f"mode {mode} with padding_mode {padding_mode} is not known")
    with b.exactly():
        grid = b.cast(grid, "float32")
        if rank_of(x) == 4 and mode in _SAMPLING and is_float(x):
            return _resampled(b, x, grid, mode, padding_mode, bool(align_corners))
        return _gathered(b, x, grid, mode, padding_mode, bool(align_corners))


def _resampled(b: Builder, x: Var, grid: Var, mode: str, padding_mode: str, align_corners: bool) -> Var:
    """What lies outside is reflected at the middles of the outermost entries, or at their edges."""
    reflection = "reflection" if align_corners else "symmetric"
    return b.emit(
        "resample",
        x=x,
        coordinates=grid,
        sampling_mode=_SAMPLING[mode],
        padding_mode={"zeros": "constant", "border": "border", "reflection": reflection}[padding_mode],
        padding_value=b.like(0, x),
        coordinates_mode="normalized_minus_one_to_one",
        align_corners=align_corners,
    )


def _gathered(b: Builder, x: Var, grid: Var, mode: str, padding_mode: str, align_corners: bool) -> Var:
    """`zeros` is a frame of zeros around the image, in which places outside end.

    With `border` only the entries that are read move inside, as in torch and ONNX Runtime; ONNX's own evaluator moves
    the place itself, which makes a difference for `cubic`.
    """
    n, channels, *sizes = shape_of(x)
    frame = int(padding_mode == "zeros")
    axes = []
    for axis, size in enumerate(sizes):
        place = _place(b, _coordinate(b, grid, len(sizes) - 1 - axis), size, align_corners)
        place = unary(b, "round", place) if mode == "nearest" else place
        ends = (0.0, size - 1.0) if align_corners else (-0.5, size - 0.5)
        taps = _TAPS[mode](b, reflect(b, place, *ends) if padding_mode == "reflection" else place)
        axes.append([Tap(place=_inside(b, tap.place, size, ends, padding_mode), weight=tap.weight) for tap in taps])
    framed = [size + 2 * frame for size in sizes]
    data = padded(b, x, [(0, 0), (0, 0), *((frame, frame),) * len(sizes)])
    last = transpose(b, reshape(b, data, (n, channels, math.prod(framed))), (0, 2, 1))
    rows = reshape(b, last, (n * math.prod(framed), channels))
    first = (np.arange(n) * math.prod(framed)).reshape(-1, *(1,) * len(sizes)).astype(np.int32)
    y = interpolate(b, rows, axes, framed, first)
    return transpose(b, y, (0, rank_of(y) - 1, *range(1, rank_of(y) - 1)))


def _coordinate(b: Builder, grid: Var, number: int) -> Var:
    """One of the coordinates of every point; the last axis of the image comes first."""
    return reshape(b, box(b, grid, rank_of(grid) - 1, number, 1), shape_of(grid)[:-1])


def _place(b: Builder, n: Var, size: int, align_corners: bool) -> Var:
    """From [-1, 1] to entries, in the order of ONNX Runtime's `GsDenormalize`."""
    shifted = binary(b, "add", n, 1)
    if align_corners:
        return binary(b, "mul", binary(b, "mul", shifted, 0.5), size - 1)
    return binary(b, "mul", binary(b, "sub", binary(b, "mul", shifted, size), 1), 0.5)


def _inside(b: Builder, place: Var, size: int, ends: tuple[float, float], padding_mode: str) -> Var:
    """A whole place as an entry of the axis, or of the framed axis."""
    if padding_mode == "zeros":
        return binary(b, "add", between(b, place, -1, size), 1)
    if padding_mode == "reflection":
        place = reflect(b, place, *ends)
    return between(b, place, 0, size - 1)
