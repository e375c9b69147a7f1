"""Products and convolutions of 8-bit integers, exact to the last bit.

MIL multiplies matrices of int32. Convolutions it does in floats: a float32 sum of integers is exact in any order as
long as no partial sum leaves [-2^24, 2^24]. What is summed over is cut into parts of which that is certain, from the
weights where they are constant, from their type where not; the parts are added up in int32.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary
from portproof.exporter.coreml.make.movement import box, concat
from portproof.exporter.coreml.make.quantize import is_zero
from portproof.exporter.coreml.values import Array, Var, array_of, shape_of
from portproof.exporter.lowering.refusal import Refusal

EXACT = 1 << 24
"""The largest run of integers from 0 on that float32 holds without a gap."""
_LARGEST = 255
"""The largest difference of two integers of 8 bits of one type."""


@dataclass(frozen=True, kw_only=True)
class Steps:
    """How a kernel moves.

    Attributes:
        stride: steps.
        dilation: distances between taps.
        pad: MIL's `pad_type` and `pad`.
    """

    stride: list[int]
    dilation: list[int]
    pad: dict[str, Any]


def difference(b: Builder, x: Var, zero_point: Var | None) -> Var:
    """`x` - `zero_point` in int32."""
    whole = b.cast(x, "int32")
    array, zero = array_of(whole), array_of(zero_point)
    if is_zero(zero_point):
        return whole
    if array is not None and zero is not None:
        return b.const(array - zero.astype(np.int32))
    return binary(b, "sub", whole, b.cast(zero_point, "int32"))


def convolution(b: Builder, x: Var, w: Var, steps: Steps, group: int) -> Var:
    """The convolution of two int32 tensors of numbers up to 255 in size; padding is a zero.

    Args:
        b: the builder.
        x: [N, C, spatial...].
        w: [O, C / group, kernel...].
        steps: how the kernel moves.
        group: into how many parts the channels are divided.

    Returns:
        int32 [N, O, spatial...].

    Raises:
        Refusal: a kernel is so large that the sum over one channel may not be exact.
    """
    array = array_of(w)
    taps = np.full((1, *shape_of(w)[1:]), _LARGEST) if array is None else np.abs(array.astype(np.int64))
    costs = taps.reshape(*taps.shape[:2], -1).sum(axis=2) * _LARGEST
    if costs.sum(axis=1).max() <= EXACT:
        return _convolved(b, x, w, steps, group)
    if group == 1:
        return _by_channels(b, x, w, steps, costs)
    rows = np.broadcast_to(costs, (shape_of(w)[0], costs.shape[1])).reshape(group, -1, costs.shape[1])
    pairs = zip(_split(b, x, 1, group), _split(b, w, 0, group), rows, strict=True)
    return concat(b, [_by_channels(b, xs, ws, steps, cost) for xs, ws, cost in pairs], 1)


def _split(b: Builder, x: Var, axis: int, count: int) -> list[Var]:
    size = shape_of(x)[axis] // count
    return [box(b, x, axis, part * size, size) for part in range(count)]


def _convolved(b: Builder, x: Var, w: Var, steps: Steps, group: int) -> Var:
    with b.exactly():
        wide = {"x": b.cast(x, "float32"), "weight": b.cast(w, "float32")}
        array = array_of(w)
        if array is not None:
            wide["weight"] = array.astype(np.float32)
        words: dict[str, Any] = {"strides": steps.stride, "dilations": steps.dilation, "groups": group, **steps.pad}
        return b.cast(b.emit("conv", **wide, **words), "int32")


def _by_channels(b: Builder, x: Var, w: Var, steps: Steps, costs: Array) -> Var:
    parts = [
        _convolved(b, box(b, x, 1, start, end - start), box(b, w, 1, start, end - start), steps, 1)
        for start, end in parts_of(costs)
    ]
    return reduce(lambda left, right: binary(b, "add", left, right), parts)


def parts_of(costs: Array) -> Sequence[tuple[int, int]]:
    """Runs (start, end) of terms, as long as can be, in each of which every row's sum of `costs` is exact.

    Args:
        costs: the largest magnitude of each term in each result, [results, terms].

    Raises:
        Refusal: one term is not.
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
