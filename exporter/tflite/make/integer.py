"""Products and convolutions of 8-bit integers, exact to the last bit, by float32 kernels.

A float32 sum of integers is exact in any order as long as no partial sum leaves [-2^24, 2^24]. What is summed over is
cut into parts of which that is certain, from the weights where they are constant, from their type where not; the parts
are added up in int32, which wraps around as ONNX's accumulator does. Zero points are taken off in int32, and what comes
out is int32: passes that fold float32 factors and offsets into weights must not reach these sums.
"""

from collections.abc import Callable, Sequence
from functools import reduce

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast
from portproof.exporter.tflite.make.convolution import convolve, split_groups
from portproof.exporter.tflite.make.known import calc
from portproof.exporter.tflite.make.matmul import matmul
from portproof.exporter.tflite.make.movement import concat, slice_
from portproof.exporter.tflite.make.quantize import centred, is_zero
from portproof.exporter.tflite.make.window import Window
from portproof.exporter.tflite.values import Array, array_of, dtype_of, rank_of, shape_of

EXACT = 1 << 24
"""The largest run of integers from 0 on that float32 holds without a gap."""


def largest(x: ir.Value, zero_point: ir.Value | None) -> int:
    """The largest magnitude that `x` - `zero_point` can have."""
    array, offset = array_of(x), array_of(zero_point)
    ends = np.iinfo(dtype_of(x))
    low, high = (ends.min, ends.max) if array is None else (int(array.min()), int(array.max()))
    if zero_point is None:
        return max(-low, high)
    first, last = (ends.min, ends.max) if offset is None else (int(offset.min()), int(offset.max()))
    return max(last - low, high - first)


def product(b: Builder, x: ir.Value, y: ir.Value, x_zero: ir.Value | None, y_zero: ir.Value | None) -> ir.Value:
    """numpy's `matmul` of two 8-bit tensors, each less its zero point; the zero points broadcast.

    Returns:
        int32.
    """
    left, right = _difference(b, x, x_zero), _difference(b, y, y_zero)
    terms = shape_of(y)[0 if rank_of(y) == 1 else -2]
    costs = np.full((1, terms), float(largest(y, y_zero)))
    array = array_of(right)
    if array is not None:
        costs = np.abs(array.reshape(-1, *array.shape[-2:]) if array.ndim > 1 else array[None, :, None])
        costs = np.moveaxis(costs, -2, -1).reshape(-1, terms)
    parts = _parts(costs * largest(x, x_zero))
    return _total(
        b,
        parts,
        lambda start, end: matmul(
            b, _cut(b, left, rank_of(left) - 1, start, end), _cut(b, right, max(rank_of(right) - 2, 0), start, end)
        ),
    )


def convolution(
    b: Builder,
    x: ir.Value,
    w: ir.Value,
    x_zero: ir.Value | None,
    w_zero: ir.Value | None,
    window: Window,
    group: int,
) -> ir.Value:
    """The convolution of two 8-bit tensors, each less its zero point; padding is a real zero.

    Args:
        b: the builder.
        x: [N, C, spatial...].
        w: [O, C / group, kernel...].
        x_zero: of one element, or None for 0.
        w_zero: of one element or of a shape that broadcasts against `w`, or None for 0.
        window: the spatial part.
        group: into how many parts the channels are divided.

    Returns:
        int32 [N, O, window.out...].

    Raises:
        Refusal: a kernel is so large that the sum over one channel may not be exact.
    """
    data, weights = _difference(b, x, x_zero), _difference(b, w, w_zero)
    array, most = array_of(weights), largest(x, x_zero)
    taps = np.full((1, *shape_of(w)[1:]), float(largest(w, w_zero))) if array is None else np.abs(array)
    costs = taps.reshape(*taps.shape[:2], -1).sum(axis=2) * most
    if costs.sum(axis=1).max() <= EXACT:
        return cast(b, convolve(b, data, weights, None, window, group), np.int32)
    if group == 1:
        return _by_channels(b, data, weights, window, costs)
    rows = np.broadcast_to(costs, (shape_of(w)[0], costs.shape[1])).reshape(group, -1, costs.shape[1])
    pairs = zip(split_groups(b, data, 1, group), split_groups(b, weights, 0, group), rows, strict=True)
    return concat(b, [_by_channels(b, xs, ws, window, cost) for xs, ws, cost in pairs], 1)


def _by_channels(b: Builder, x: ir.Value, w: ir.Value, window: Window, costs: Array) -> ir.Value:
    def part(start: int, end: int) -> ir.Value:
        return convolve(b, _cut(b, x, 1, start, end), _cut(b, w, 1, start, end), None, window, 1)

    return _total(b, _parts(costs), part)


def _difference(b: Builder, x: ir.Value, zero_point: ir.Value | None) -> ir.Value:
    """`x` - `zero_point` as float32."""
    if array_of(x) is not None or zero_point is None or is_zero(zero_point):
        return centred(b, x, zero_point)
    return cast(b, calc(b, "SUB", cast(b, x, np.int32), cast(b, zero_point, np.int32)), np.float32)


def _total(b: Builder, parts: Sequence[tuple[int, int]], part: Callable[[int, int], ir.Value]) -> ir.Value:
    """The int32 sum over all parts."""
    results = [cast(b, part(start, end), np.int32) for start, end in parts]
    return reduce(lambda left, right: calc(b, "ADD", left, right), results)


def _parts(costs: Array) -> list[tuple[int, int]]:
    """Runs (start, end) of terms, as long as can be, in each of which every row's sum of `costs` is exact.

    Args:
        costs: the largest magnitude of each term in each result, [results, terms].
    """
    if costs.size and costs.max() > EXACT:
        raise Refusal("a kernel is so large that float32 may not hold its sums exactly", "split the convolution")
    parts, start, total = [], 0, np.zeros(costs.shape[0])
    for term in range(costs.shape[1]):
        total = total + costs[:, term]
        if total.max(initial=0) > EXACT:
            parts.append((start, term))
            start, total = term, costs[:, term]
    return [*parts, (start, costs.shape[1])]


def _cut(b: Builder, x: ir.Value, axis: int, start: int, end: int) -> ir.Value:
    shape = list(shape_of(x))
    begin = [start if other == axis else 0 for other in range(len(shape))]
    shape[axis] = end - start
    return slice_(b, x, begin, shape)
