"""Samples of a tensor between its entries, at places computed at run time: gathered rows, weighted and summed."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial, reduce

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast
from portproof.exporter.tflite.make.known import calc, clip
from portproof.exporter.tflite.make.movement import gather, reshape
from portproof.exporter.tflite.values import shape_of

CUBIC = -0.75
"""The coefficient of Keys' cubic convolution that GridSample uses, in ONNX as in torch."""


@dataclass(frozen=True, kw_only=True)
class Tap:
    """One entry along one axis that each sample reads.

    Attributes:
        place: float32, a whole number; not yet inside of the axis.
        weight: float32, or None for 1.
    """

    place: ir.Value
    weight: ir.Value | None


def nearest_taps(_: Builder, place: ir.Value) -> list[Tap]:
    """The entry at `place`, which is a whole number."""
    return [Tap(place=place, weight=None)]


def linear_taps(b: Builder, place: ir.Value) -> list[Tap]:
    """The two entries around `place`, float32 of any shape."""
    low = calc(b, "FLOOR", place)
    part = calc(b, "SUB", place, low)
    return [
        Tap(place=low, weight=calc(b, "SUB", b.const(1, np.float32), part)),
        Tap(place=calc(b, "ADD", low, 1), weight=part),
    ]


def cubic_taps(b: Builder, place: ir.Value) -> list[Tap]:
    """The four entries around `place`, float32 of any shape."""
    low = calc(b, "FLOOR", place)
    part = calc(b, "SUB", place, low)
    rest = calc(b, "SUB", b.const(1, np.float32), part)
    weights = [_far(b, part), _near(b, part), _near(b, rest), _far(b, rest)]
    places = [calc(b, "ADD", low, shift) for shift in (-1, 0, 1, 2)]
    return [Tap(place=at, weight=weight) for at, weight in zip(places, weights, strict=True)]


def _near(b: Builder, t: ir.Value) -> ir.Value:
    inner = calc(b, "SUB", calc(b, "MUL", t, CUBIC + 2), CUBIC + 3)
    return calc(b, "ADD", calc(b, "MUL", inner, t, t), 1)


def _far(b: Builder, t: ir.Value) -> ir.Value:
    x = calc(b, "ADD", t, 1)
    inner = calc(b, "SUB", calc(b, "MUL", x, CUBIC), 5 * CUBIC)
    inner = calc(b, "ADD", calc(b, "MUL", inner, x), 8 * CUBIC)
    return calc(b, "SUB", calc(b, "MUL", inner, x), 4 * CUBIC)


def reflect(b: Builder, x: ir.Value, low: float, high: float) -> ir.Value:
    """float32 `x` reflected at both ends as often as it takes to lie in [low, high]."""
    if high <= low:
        return clip(b, x, low, low)
    period = 2 * (high - low)
    turned = calc(b, "FLOOR_MOD", calc(b, "ABS", calc(b, "SUB", x, low)), period)
    back = calc(b, "SUB", b.const(period, np.float32), turned)
    return calc(b, "ADD", calc(b, "MINIMUM", turned, back), low)


def interpolate(
    b: Builder, rows: ir.Value, axes: Sequence[Sequence[Tap]], sizes: Sequence[int], first: ir.Value, op: str = "ADD"
) -> ir.Value:
    """The weighted entries at every combination of taps, put together by `op`.

    Args:
        b: the builder.
        rows: [all entries of all images, C], images after one another, each with the axes `sizes`.
        axes: the taps along each axis, all shapes broadcast to the samples'; places are inside.
        sizes: of the axes.
        first: int32, the row with which the image of each sample starts; broadcasts too.
        op: "ADD" for a sum, "MAXIMUM" for the largest weighted entry.

    Returns:
        [samples..., C], of the type of `rows`.
    """
    strides = [int(np.prod(sizes[axis + 1 :], dtype=np.int64)) for axis in range(len(sizes))]
    offsets = [[_rows(b, tap, stride) for tap in taps] for taps, stride in zip(axes, strides, strict=True)]
    terms = []
    for chosen in itertools.product(*(range(len(taps)) for taps in axes)):
        index = calc(b, "ADD", first, *(offsets[axis][tap] for axis, tap in enumerate(chosen)))
        weights = [axes[axis][tap].weight for axis, tap in enumerate(chosen)]
        terms.append(_weighted(b, gather(b, rows, index, 0), [weight for weight in weights if weight is not None]))
    return reduce(partial(binary, b, op), terms)


def _rows(b: Builder, tap: Tap, stride: int) -> ir.Value:
    index = cast(b, tap.place, np.int32)
    return index if stride == 1 else calc(b, "MUL", index, stride)


def _weighted(b: Builder, entries: ir.Value, weights: Sequence[ir.Value]) -> ir.Value:
    if not weights:
        return entries
    weight = calc(b, "MUL", *weights) if len(weights) > 1 else weights[0]
    return calc(b, "MUL", entries, reshape(b, weight, (*shape_of(weight), 1)))
