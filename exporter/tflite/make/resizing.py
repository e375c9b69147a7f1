"""RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR, and what their flags mean in numbers.

Whether a kernel does what ONNX asks for is not decided by names but by comparing the samples it would take.
The formulas are those of TFLite's `kernels/internal/reference/resize_nearest_neighbor.h` and `resize_bilinear.h`,
in float32 as there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.movement import transpose
from portproof.exporter.tflite.values import Array, dtype_of, shape_of


@dataclass(frozen=True, kw_only=True)
class Flags:
    """The options of both kernels."""

    align_corners: bool
    half_pixel_centers: bool


FLAGS = (
    Flags(align_corners=False, half_pixel_centers=True),
    Flags(align_corners=True, half_pixel_centers=False),
    Flags(align_corners=False, half_pixel_centers=False),
)
"""All that the kernels accept; the first is the one that image networks are trained with."""


def kernel_nearest(size: int, out: int, flags: Flags) -> Array:
    """The entries that RESIZE_NEAREST_NEIGHBOR takes along an axis: int32 [out]."""
    offset = np.float32(0.5 if flags.half_pixel_centers else 0)
    x = (np.arange(out, dtype=np.float32) + offset) * _scale(size, out, flags)
    index: Array = np.floor(x + np.float32(0.5)) if flags.align_corners else np.floor(x)
    inside: Array = np.clip(index, 0, size - 1)
    return inside.astype(np.int32)


def kernel_matrix(size: int, out: int, flags: Flags) -> Array:
    """The weights that RESIZE_BILINEAR gives along an axis: float32 [out, size]."""
    x, scale = np.arange(out, dtype=np.float32), _scale(size, out, flags)
    half = np.float32(0.5)
    places = (x + half) * scale - half if flags.half_pixel_centers else x * scale
    places = np.clip(places, 0, size - 1)
    low = np.floor(places).astype(int)
    rows, full = np.arange(out), np.zeros((out, size), np.float32)
    np.add.at(full, (rows, low), 1 - (places - low))
    np.add.at(full, (rows, np.minimum(low + 1, size - 1)), places - low)
    return full


def _scale(size: int, out: int, flags: Flags) -> np.float32:
    if flags.align_corners and out > 1:
        return np.float32(size - 1) / np.float32(out - 1)
    return np.float32(size) / np.float32(out)


def resize_2d(b: Builder, op: str, x: ir.Value, out: Sequence[int], flags: Flags) -> ir.Value:
    """One of the two operators on [N, H, W, C]; nothing is emitted where no size changes."""
    n, h, w, c = shape_of(x)
    if (h, w) == tuple(out):
        return x
    return b.emit(
        op,
        [x, b.ints(out)],
        shape=(n, *out, c),
        dtype=dtype_of(x),
        align_corners=flags.align_corners,
        half_pixel_centers=flags.half_pixel_centers,
    )


def apply_matrix(b: Builder, x: ir.Value, axis: int, weights: Array) -> ir.Value:
    """A float32 tensor multiplied along `axis` by a constant matrix [out, size]: FULLY_CONNECTED on the last axis."""
    rank = len(shape_of(x))
    order = [other for other in range(rank) if other != axis] + [axis]
    moved = transpose(b, x, order)
    bias = b.const(np.zeros(len(weights), np.float32))
    y = b.emit(
        "FULLY_CONNECTED",
        [moved, b.const(weights), bias],
        shape=(*shape_of(moved)[:-1], len(weights)),
        dtype="float32",
        keep_num_dims=True,
    )
    return transpose(b, y, [order.index(other) for other in range(rank)])
