"""What convolutions and transposed convolutions have in common."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary
from portproof.exporter.coreml.make.movement import box, reshape
from portproof.exporter.coreml.make.padding import padded
from portproof.exporter.coreml.values import Var, array_of, rank_of, shape_of


def reach_of(w: Var, dilation: Sequence[int]) -> list[int]:
    """The extent of a kernel [_, _, kernel...] with dilation."""
    return [(k - 1) * d + 1 for k, d in zip(shape_of(w)[2:], dilation, strict=True)]


def with_bias(b: Builder, op: str, given: Mapping[str, Any], bias: Var | None) -> Var:
    """A convolution with a bias [O]: its own where that is a constant, as MIL wants it, else a sum behind it."""
    if bias is None or array_of(bias) is not None:
        return b.emit(op, **given, bias=bias)
    y = b.emit(op, **given)
    return binary(b, "add", y, reshape(b, bias, (1, shape_of(bias)[0], *[1] * (rank_of(y) - 2))))


def spread(b: Builder, w: Var, dilation: Sequence[int]) -> Var:
    """A kernel [_, _, kernel...] with zeros between its taps, which does without dilation what `w` does with it."""
    for axis, distance in enumerate(dilation, start=2):
        shape = shape_of(w)
        if distance > 1 and shape[axis] > 1:
            before, taps, behind = math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :])
            apart = padded(b, reshape(b, w, (before, taps, 1, behind)), [(0, 0), (0, 0), (0, distance - 1), (0, 0)])
            whole = reshape(b, apart, (before, taps * distance, behind))
            kept = box(b, whole, 1, 0, (taps - 1) * distance + 1)
            w = reshape(b, kept, (*shape[:axis], (taps - 1) * distance + 1, *shape[axis + 1 :]))
    return w
