"""Samples of a tensor between its entries, at places computed at run time: gathered rows, weighted and summed."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial, reduce

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import Operand, binary, unary
from portproof.exporter.coreml.make.movement import gather
from portproof.exporter.coreml.values import Var, dtype_of

CUBIC = -0.75
"""The coefficient of Keys' cubic convolution that GridSample uses, in ONNX as in torch."""


@dataclass(frozen=True, kw_only=True)
class Tap:
    """One entry along one axis that each sample reads.

    Attributes:
        place: float32, a whole number; not yet inside of the axis.
        weight: float32, or None for 1.
    """

    place: Var
    weight: Var | None


def nearest_taps(_: Builder, place: Var) -> list[Tap]:
    """The entry at `place`, which is a whole number."""
    return [Tap(place=place, weight=None)]


def linear_taps(b: Builder, place: Var) -> list[Tap]:
    """The two entries around `place`, float32 of any shape."""
    low = unary(b, "floor", place)
    part = binary(b, "sub", place, low)
    return [Tap(place=low, weight=_from(b, 1, part)), Tap(place=binary(b, "add", low, 1), weight=part)]


def cubic_taps(b: Builder, place: Var) -> list[Tap]:
    """The four entries around `place`, float32 of any shape."""
    low = unary(b, "floor", place)
    part = binary(b, "sub", place, low)
    rest = _from(b, 1, part)
    weights = [_far(b, part), _near(b, part), _near(b, rest), _far(b, rest)]
    places = [binary(b, "add", low, shift) for shift in (-1, 0, 1, 2)]
    return [Tap(place=at, weight=weight) for at, weight in zip(places, weights, strict=True)]


def _near(b: Builder, t: Var) -> Var:
    inner = binary(b, "sub", binary(b, "mul", t, CUBIC + 2), CUBIC + 3)
    return binary(b, "add", binary(b, "mul", binary(b, "mul", inner, t), t), 1)


def _far(b: Builder, t: Var) -> Var:
    x = binary(b, "add", t, 1)
    inner = binary(b, "sub", binary(b, "mul", x, CUBIC), 5 * CUBIC)
    inner = binary(b, "add", binary(b, "mul", inner, x), 8 * CUBIC)
    return binary(b, "sub", binary(b, "mul", inner, x), 4 * CUBIC)


def _from(b: Builder, number: float, x: Var) -> Var:
    return binary(b, "sub", b.const(number, np.float32), x)


def between(b: Builder, x: Var, low: float, high: float) -> Var:
    """`x` moved into [low, high]."""
    return binary(b, "minimum", binary(b, "maximum", x, low), high)


def reflect(b: Builder, x: Var, low: float, high: float) -> Var:
    """float32 `x` reflected at both ends as often as it takes to lie in [low, high]."""
    if high <= low:
        return between(b, x, low, low)
    period = 2 * (high - low)
    turned = binary(b, "mod", unary(b, "abs", binary(b, "sub", x, low)), period)
    return binary(b, "add", binary(b, "minimum", turned, _from(b, period, turned)), low)


def interpolate(
    b: Builder, rows: Var, axes: Sequence[Sequence[Tap]], sizes: Sequence[int], first: Operand, op: str = "add"
) -> Var:
    """The weighted entries at every combination of taps, put together by `op`.

    Args:
        b: the builder.
        rows: [all entries of all images, C], images after one another, each with the axes `sizes`.
        axes: the taps along each axis, all shapes broadcast to the samples'; places are inside.
        sizes: of the axes.
        first: int32, the row with which the image of each sample starts; broadcasts too.
        op: ``add`` for a sum, ``maximum`` for the largest weighted entry.

    Returns:
        [samples..., C], of the type of `rows`.
    """
    strides = [int(np.prod(sizes[axis + 1 :], dtype=np.int64)) for axis in range(len(sizes))]
    offsets = [[_rows(b, tap, stride) for tap in taps] for taps, stride in zip(axes, strides, strict=True)]
    terms = []
    for chosen in itertools.product(*(range(len(taps)) for taps in axes)):
        index = reduce(partial(binary, b, "add"), (offsets[axis][tap] for axis, tap in enumerate(chosen)))
        weights = [axes[axis][tap].weight for axis, tap in enumerate(chosen)]
        entries = gather(b, rows, binary(b, "add", index, first), 0)
        terms.append(_weighted(b, entries, [weight for weight in weights if weight is not None]))
    return reduce(partial(binary, b, op), terms)


def _rows(b: Builder, tap: Tap, stride: int) -> Var:
    index = b.cast(tap.place, "int32")
    return index if stride == 1 else binary(b, "mul", index, stride)


def _weighted(b: Builder, entries: Var, weights: Sequence[Var]) -> Var:
    if not weights:
        return entries
    weight = b.cast(reduce(partial(binary, b, "mul"), weights), dtype_of(entries))
    return binary(b, "mul", entries, b.emit("expand_dims", x=weight, axes=[-1]))
