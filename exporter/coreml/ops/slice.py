"""Slice: MIL's slice_by_index, whose steps may be negative as numpy's are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary, select
from portproof.exporter.coreml.make.movement import concat
from portproof.exporter.coreml.make.parameter import constant_ints
from portproof.exporter.coreml.registry import onnx_op, saturates
from portproof.exporter.coreml.values import Var, array_of, dtype_of, ints_of, is_known, rank_of, shape_of
from portproof.exporter.lowering.axes import resolve_axes
from portproof.exporter.lowering.refusal import Refusal

_FARTHEST = np.iinfo(np.int32)


@dataclass(frozen=True, kw_only=True)
class Cut:
    """What is taken along one axis, as a Python slice; None is an open end."""

    begin: int | None
    end: int | None
    step: int


@onnx_op("Slice")
def slice_1(b: Builder, x: Var, *, starts: Sequence[int], ends: Sequence[int], axes: Sequence[int] | None) -> Var:
    """Parameters as attributes, steps of 1."""
    return cut(b, x, _cuts(x, starts, ends, axes, None))


@onnx_op("Slice", since=10)
@saturates
def slice_10(b: Builder, x: Var, starts: Var, ends: Var, axes: Var | None = None, steps: Var | None = None) -> Var:
    """Parameters as inputs; negative steps go backwards."""
    named = None if axes is None else constant_ints(axes, "axes")
    strides = None if steps is None else constant_ints(steps, "steps")
    if array_of(starts) is None or array_of(ends) is None:
        return _late(b, x, starts, ends, named, strides)
    return cut(b, x, _cuts(x, constant_ints(starts, "starts"), constant_ints(ends, "ends"), named, strides))


def cut(b: Builder, x: Var, cuts: Sequence[Cut]) -> Var:
    """The entries that `cuts` name, one for each axis of `x`."""
    if all(one == Cut(begin=None, end=None, step=1) for one in cuts):
        return x
    array = array_of(x)
    if array is not None:
        return b.const(np.ascontiguousarray(array[tuple(slice(one.begin, one.end, one.step) for one in cuts)]))
    empty = [one.begin == one.end and one.begin is not None for one in cuts]
    if any(empty):
        return b.const(np.zeros([0 if none else n for n, none in zip(x.shape, empty, strict=True)], dtype_of(x)))
    return b.emit(
        "slice_by_index",
        x=x,
        begin=[one.begin or 0 for one in cuts],
        end=[one.end or 0 for one in cuts],
        stride=None if all(one.step == 1 for one in cuts) else [one.step for one in cuts],
        begin_mask=[one.begin is None for one in cuts],
        end_mask=[one.end is None for one in cuts],
    )


def _cuts(
    x: Var, starts: Sequence[int], ends: Sequence[int], axes: Sequence[int] | None, steps: Sequence[int] | None
) -> list[Cut]:
    """The cuts of all axes; those that are not named are taken whole."""
    cuts = [Cut(begin=None, end=None, step=1)] * rank_of(x)
    named = resolve_axes(list(axes) if axes is not None else list(range(len(starts))), rank_of(x))
    for axis, start, end, step in zip(named, starts, ends, steps or [1] * len(starts), strict=True):
        if step == 0:
            raise Refusal("a step of 0")
        size = x.shape[axis]
        known = isinstance(size, int | np.integer)
        cuts[axis] = _within(start, end, step, int(size)) if known else _of_any_size(start, end, step)
    return cuts


def _within(start: int, end: int, step: int, size: int) -> Cut:
    """As Python slices, but that a start in front of the axis is its first entry even when going backwards."""
    entries = _entries(start, end, step, size)
    count = len(entries)
    if not count:
        return Cut(begin=0, end=0, step=1)
    if entries == range(size):
        return Cut(begin=None, end=None, step=1)
    last = entries[-1]
    step = step if count > 1 else 1
    after = last + (1 if step > 0 else -1)
    return Cut(begin=entries.start, end=None if after < 0 else after, step=step)


def _entries(start: int, end: int, step: int, size: int) -> range:
    start, end = (bound + size if bound < 0 else bound for bound in (start, end))
    if step > 0:
        return range(min(max(start, 0), size), min(max(end, 0), size), step)
    return range(min(max(start, 0), size - 1), min(max(end, -1), size - 1), step) if size else range(0)


def _of_any_size(start: int, end: int, step: int) -> Cut:
    """A cut of an axis whose size is known only at run time: far away is an open end."""
    begin: int | None = start
    if (step > 0 and start == 0) or (step < 0 and start in (-1, _FARTHEST.max)):
        begin = None
    open_end = end == _FARTHEST.max if step > 0 else end <= -_FARTHEST.max
    return Cut(begin=begin, end=None if open_end else end, step=step)


def _late(b: Builder, x: Var, starts: Var, ends: Var, axes: Sequence[int] | None, steps: Sequence[int] | None) -> Var:
    """Bounds computed at run time, brought inside of the axis first."""
    rank = rank_of(x)
    named = resolve_axes(list(axes) if axes is not None else list(range(starts.shape[0])), rank)
    strides = dict(zip(named, steps or [1] * len(named), strict=True))
    if 0 in strides.values():
        raise Refusal("a step of 0")
    if array_of(starts) is not None and set(strides.values()) == {1}:
        inside = _sized(b, x, ints_of(starts), ends, named)
        if inside is not None:
            return inside
    sizes = b.const(np.array(shape_of(x), np.int32)) if is_known(x) else b.emit("shape", x=x)
    taken = (
        b.emit("gather", x=sizes, indices=np.array(named, np.int32), axis=0) if named != list(range(rank)) else sizes
    )
    backwards = np.array([strides[axis] < 0 for axis in named])
    begin = _inside(b, starts, taken, np.zeros(len(named), np.int32), backwards)
    end = _inside(b, ends, taken, np.where(backwards, -1, 0).astype(np.int32), backwards)
    if backwards.any():  # -1 would count from the end: one in front of the first entry is said as -size - 1
        end = select(b, binary(b, "less", end, 0), binary(b, "sub", binary(b, "mul", taken, -1), 1), end)
    others = [axis not in strides for axis in range(rank)]
    return b.emit(
        "slice_by_index",
        x=x,
        begin=_spread(b, begin, named, rank),
        end=_spread(b, end, named, rank),
        stride=[strides.get(axis, 1) for axis in range(rank)],
        begin_mask=others,
        end_mask=others,
    )


def _sized(b: Builder, x: Var, starts: Sequence[int], ends: Var, named: Sequence[int]) -> Var | None:
    """A slice that ends at sizes of inputs, which never lie outside of the axis: it is as long as they say."""
    if any(starts) or ends.sym_val is None:
        return None
    bounds = list(np.asarray(ends.sym_val).reshape(-1))
    for axis, bound in zip(named, bounds, strict=True):
        size = x.shape[axis]
        if bound != size and not (isinstance(size, int | np.integer) and b.limits.get(bound, size + 1) <= size):
            return None
    whole = concat(b, [ends, b.const(np.array([-1], np.int32))], 0)
    where = [list(named).index(axis) if axis in named else len(named) for axis in range(rank_of(x))]
    lengths = b.emit("gather", x=whole, indices=np.array(where, np.int32), axis=0)
    return b.emit("slice_by_size", x=x, begin=[0] * rank_of(x), size=lengths)


def _inside(b: Builder, bound: Var, sizes: Var, least: np.ndarray, backwards: np.ndarray) -> Var:
    """Bounds counted from the front, no farther than the axis reaches."""
    counted = select(b, binary(b, "less", bound, 0), binary(b, "add", bound, sizes), bound)
    most = binary(b, "sub", sizes, backwards.astype(np.int32)) if backwards.any() else sizes
    return binary(b, "minimum", binary(b, "maximum", counted, least), most)


def _spread(b: Builder, bounds: Var, named: Sequence[int], rank: int) -> Var:
    """One bound for each axis; those of axes that are not named are never looked at."""
    if list(named) == list(range(rank)):
        return bounds
    padded = concat(b, [bounds, b.const(np.zeros(1, np.int32))], 0)
    where = [list(named).index(axis) if axis in named else len(named) for axis in range(rank)]
    return b.emit("gather", x=padded, indices=np.array(where, np.int32), axis=0)
