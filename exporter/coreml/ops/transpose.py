"""Transpose of any rank: above five axes, those that stay together are one."""

import math
from collections.abc import Sequence

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.items import Folded
from portproof.exporter.coreml.make.folding import folded
from portproof.exporter.coreml.make.movement import reshape, transpose
from portproof.exporter.coreml.registry import onnx_op, takes_folded
from portproof.exporter.coreml.values import MOST_AXES, Var, rank_of


@onnx_op("Transpose", note="above five axes between two Reshape")
@takes_folded
def transpose_(b: Builder, x: Var | Folded, *, perm: Sequence[int] | None) -> Var | Folded:
    """Axes in the order `perm`, reversed when it is absent."""
    rank = len(x.shape) if isinstance(x, Folded) else rank_of(x)
    order = list(perm) if perm is not None else list(range(rank))[::-1]
    return _folded(b, x, order) if isinstance(x, Folded) else transpose(b, x, order)


def _folded(b: Builder, x: Folded, order: Sequence[int]) -> Folded:
    """The same over fewer axes: those of size 1 are dropped, those that stay neighbours become one."""
    runs: list[list[int]] = []
    for axis in (axis for axis in order if x.shape[axis] != 1):
        if runs and _follows(axis, runs[-1][-1], x.shape):
            runs[-1].append(axis)
        else:
            runs.append([axis])
    sources = sorted(runs)
    sizes = [math.prod(x.shape[axis] for axis in run) for run in sources]
    moved = _permuted(b, x.tensor, sizes, [sources.index(run) for run in runs])
    return folded(moved, [x.shape[axis] for axis in order])


def _follows(axis: int, before: int, shape: Sequence[int]) -> bool:
    """Whether nothing but axes of size 1 lies between `before` and `axis` in the input."""
    return axis > before and all(shape[between] == 1 for between in range(before + 1, axis))


def _permuted(b: Builder, x: Var, sizes: Sequence[int], perm: Sequence[int]) -> Var:
    """A transpose of `x` taken as `sizes`; where they are too many, one axis after the other goes to its place."""
    if not sizes:
        return x
    if len(sizes) <= MOST_AXES:
        return transpose(b, reshape(b, x, sizes), perm)
    order = list(range(len(sizes)))
    for place, axis in enumerate(perm):
        now = order.index(axis)
        if now != place:
            before, between, after = order[:place], order[place:now], order[now + 1 :]
            merged = [math.prod(sizes[i] for i in part) for part in (before, between, [axis], after)]
            x = transpose(b, reshape(b, x, merged), (0, 2, 1, 3))
            order = [*before, axis, *between, *after]
    return x
