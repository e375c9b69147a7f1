"""Where the maxima of a pool stand: MaxPool's output Indices."""

import math
from collections.abc import Sequence

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary, select
from portproof.exporter.coreml.make.movement import gather, reshape
from portproof.exporter.coreml.make.padding import padded
from portproof.exporter.coreml.make.windows import Window
from portproof.exporter.coreml.values import Array, Var, shape_of
from portproof.exporter.lowering.refusal import Refusal

_MOST_TAPS = 1 << 22


def places_of_maxima(b: Builder, x: Var, window: Window, *, column_major: bool) -> Var:
    """The place of each window's first largest element in the whole tensor: int32 [N, C, window.out...].

    Args:
        b: the builder.
        x: floats [N, C, spatial...].
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
    # One more element stands for the padding, the lowest there is.
    rows = padded(b, reshape(b, x, (images, size)), [(0, 0), (0, 1)], -np.inf)
    entries = gather(b, rows, np.where(taps < 0, size, taps), 1)
    best = b.emit("reduce_max", x=entries, axes=[2], keep_dims=True)
    largest = b.emit("logical_and", x=binary(b, "equal", entries, best), y=(taps >= 0)[None])
    order = np.arange(count, dtype=np.int32).reshape(1, 1, -1)
    first = b.emit("reduce_min", x=select(b, largest, b.const(order), np.int32(count)), axes=[2], keep_dims=True)
    numbers = (_column_major(taps, window.size) if column_major else taps)[None].astype(np.int32)
    chosen = b.cast(binary(b, "equal", b.const(order), first), "int32")
    place = b.emit("reduce_sum", x=binary(b, "mul", chosen, numbers), axes=[2], keep_dims=False)
    whole = binary(b, "add", place, (np.arange(images)[:, None] * size).astype(np.int32))
    return reshape(b, whole, (*shape[:2], *window.out))


def _taps(window: Window) -> Array:
    """For each step of the window the flat places of its elements, -1 for padding: [steps, taps]."""
    flat, inside = np.zeros((1, 1), np.int64), np.ones((1, 1), bool)
    for at, size in zip(window.places(), window.size, strict=True):
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
