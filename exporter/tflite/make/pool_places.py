"""Where the maxima of a pool stand: MaxPool's output Indices."""

import math
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast, reduce
from portproof.exporter.tflite.make.known import calc, choose
from portproof.exporter.tflite.make.movement import gather, pad, reshape
from portproof.exporter.tflite.make.window import Window
from portproof.exporter.tflite.values import Array, shape_of

_MOST_TAPS = 1 << 22


def places_of_maxima(b: Builder, x: ir.Value, window: Window, *, column_major: bool) -> ir.Value:
    """The place of each window's first largest element in the whole tensor: int64 [N, C, window.out...].

    Args:
        b: the builder.
        x: float32, int8 or uint8 [N, C, spatial...].
        window: of which every step has an element that is not padding.
        column_major: count the first spatial axis fastest (`storage_order` 1).

    Raises:
        Refusal: there are too many windows to look at each element of each.
    """
    shape = shape_of(x)
    images, size = math.prod(shape[:2]), math.prod(window.size)
    taps = _taps(window)
    steps, count = taps.shape
    if images * steps * count > _MOST_TAPS:
        raise Refusal(f"Indices of {steps} windows of {count} elements in {images} channels", "pool a smaller tensor")
    # Kernels that compare 8-bit integers abort without a scale.
    rows = reshape(b, cast(b, x, np.float32), (images, size))
    # One more element stands for the padding, the lowest there is; what equals it comes first in its window.
    entries = gather(b, pad(b, rows, [(0, 0), (0, 1)], -np.inf), np.where(taps < 0, size, taps), 1)
    best = reduce(b, "REDUCE_MAX", entries, [2], keepdims=True)
    inside = b.const((taps >= 0)[None])
    largest = calc(b, "LOGICAL_AND", binary(b, "EQUAL", entries, best), inside)
    order = choose(b, largest, b.const(np.arange(count).reshape(1, 1, -1), np.int32), count)
    first = reduce(b, "REDUCE_MIN", order, [2], keepdims=True)
    numbers = _column_major(taps, window.size) if column_major else taps
    chosen = binary(b, "EQUAL", b.const(np.arange(count).reshape(1, 1, -1), np.int32), first)
    place = reduce(b, "SUM", choose(b, chosen, b.const(numbers[None], np.int32), 0), [2], keepdims=False)
    whole = calc(b, "ADD", cast(b, place, np.int64), b.const(np.arange(images)[:, None] * size, np.int64))
    return reshape(b, whole, (*shape[:2], *window.out))


def _taps(window: Window) -> Array:
    """For each step of the window the flat places of its elements, -1 for padding: [steps, taps]."""
    flat, inside = np.zeros((1, 1), np.int64), np.ones((1, 1), bool)
    for axis, size in enumerate(window.size):
        first = np.arange(window.out[axis]) * window.stride[axis] - window.pads[axis][0]
        at = first[:, None] + np.arange(window.kernel[axis]) * window.dilation[axis]
        flat = _outer(flat * size, at, np.add)
        inside = _outer(inside, (at >= 0) & (at < size), np.logical_and)
    return np.where(inside, flat, -1)


def _outer(left: Array, right: Array, function: np.ufunc) -> Array:
    """Of [a, b] and [c, d] all pairs: [a * c, b * d]."""
    pairs = function(left[:, None, :, None], right[None, :, None, :])
    return np.asarray(pairs.reshape(left.shape[0] * right.shape[0], -1))


def _column_major(taps: Array, sizes: Sequence[int]) -> Array:
    """The places counted with the first axis fastest."""
    at = np.unravel_index(np.maximum(taps, 0), tuple(sizes))
    numbers = sum(place * math.prod(sizes[:axis]) for axis, place in enumerate(at))
    return np.asarray(np.where(taps < 0, -1, numbers))
