"""Unique: what is equal stands together once it is sorted. The data decide how many there are."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary
from portproof.exporter.coreml.make.movement import box, concat, gather, reshape, transpose
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Array, Var, array_of, dtype_of, rank_of, shape_of
from portproof.exporter.lowering.axes import resolve_axis
from portproof.exporter.lowering.refusal import Refusal

_MOST_COMPARED = 1 << 22
"""Slices are compared in pairs, element by element."""


@dataclass(frozen=True, kw_only=True)
class _Sorted:
    """N entries in rising order.

    Attributes:
        place: where each one was, int32 [N].
        first: which ones differ from the one before them, int32 [N].
    """

    place: Var
    first: Var


@onnx_op("Unique", since=11)
def unique(b: Builder, x: Var, *, axis: int | None, sorted: int) -> Sequence[Var]:  # noqa: A002
    """The different entries along `axis`, or elements; where each stood first, which one each entry is, how many.

    The order of equal entries, which MIL leaves open, is in none of them.
    """
    if array_of(x) is not None:
        return _of_constant(b, x, axis, in_order=bool(sorted))
    along = 0 if axis is None else resolve_axis(axis, rank_of(x))
    data = reshape(b, x, (-1,)) if axis is None else x
    kind = dtype_of(data)
    data = b.cast(data, np.int32) if kind == "bool" else data
    with b.exactly():
        order = _by_element(b, data) if axis is None else _by_slice(b, data, along)
        starts, inverse, sizes = _groups(b, order, shape_of(data)[along], in_order=bool(sorted))
        there = _chosen(b, binary(b, "greater", sizes, 0))
        starts, sizes = (gather(b, values, there, 0) for values in (starts, sizes))
    y = gather(b, data, starts, along)
    return b.cast(y, kind), starts, inverse, sizes


def _of_constant(b: Builder, x: Var, axis: int | None, *, in_order: bool) -> Sequence[Var]:
    array: Array = np.asarray(array_of(x))
    y, starts, inverse, sizes = np.unique(array, return_index=True, return_inverse=True, return_counts=True, axis=axis)
    if not in_order:
        rank = np.argsort(starts)
        y, starts, sizes = np.take(y, rank, 0 if axis is None else axis), starts[rank], sizes[rank]
        inverse = np.argsort(rank)[inverse]
    return [b.const(y), *(b.const(part.reshape(-1)) for part in (starts, inverse, sizes))]


def _groups(b: Builder, order: _Sorted, count: int, *, in_order: bool) -> tuple[Var, Var, Var]:
    """Where each group starts, which one each entry is in, how many are in it; empty groups at the end."""
    group = binary(b, "sub", b.emit("cumsum", x=order.first, axis=0), 1)
    zeros = b.const(np.zeros(count), np.int32)
    sizes = _scattered(b, zeros, group, b.const(np.ones(count), np.int32), "add")
    starts = _scattered(b, b.const(np.full(count, count), np.int32), group, order.place, "min")
    inverse = _scattered(b, zeros, order.place, group, "update")
    if in_order:
        return starts, inverse, sizes
    # In the order of their first entries instead.
    by_start = b.emit("argsort", x=starts, axis=0, ascending=True)
    rank = _scattered(b, zeros, by_start, b.const(np.arange(count), np.int32), "update")
    return gather(b, starts, by_start, 0), gather(b, rank, inverse, 0), gather(b, sizes, by_start, 0)


def _scattered(b: Builder, data: Var, places: Var, values: Var, mode: str) -> Var:
    return b.emit("scatter", data=data, indices=places, updates=values, axis=0, mode=mode)


def _chosen(b: Builder, condition: Var) -> Var:
    return b.emit("squeeze", x=b.emit("non_zero", x=condition), axes=[1])


def _by_element(b: Builder, x: Var) -> _Sorted:
    place = b.emit("argsort", x=x, axis=0, ascending=True)
    return _Sorted(place=place, first=_changes(b, gather(b, x, place, 0)))


def _by_slice(b: Builder, x: Var, axis: int) -> _Sorted:
    """Each slice behind all that are less, and behind equal ones before it; the first different element decides."""
    count = shape_of(x)[axis]
    order = [axis, *(other for other in range(rank_of(x)) if other != axis)]
    size = math.prod(shape_of(x)) // count
    if count * count * size > _MOST_COMPARED:
        raise Refusal(f"{count} slices of {size} elements are too many to compare in pairs", "use fewer ones")
    rows = reshape(b, transpose(b, x, order), (count, size))
    left, right = reshape(b, rows, (count, 1, size)), reshape(b, rows, (1, count, size))
    differ = b.cast(binary(b, "not_equal", left, right), np.int32)
    before = b.emit("cumsum", x=differ, axis=2, exclusive=True)
    deciding = b.emit("logical_and", x=binary(b, "equal", before, 0), y=binary(b, "greater", left, right))
    greater, differs = (
        b.emit("reduce_max", x=values, axes=[2], keep_dims=False) for values in (b.cast(deciding, np.int32), differ)
    )
    earlier = np.tril(np.ones((count, count), np.int32), -1)
    equal = binary(b, "mul", b.emit("sub", x=np.int32(1), y=differs), earlier)
    rank = b.emit("reduce_sum", x=binary(b, "add", greater, equal), axes=[1], keep_dims=False)
    numbers = b.const(np.arange(count), np.int32)
    place = _scattered(b, b.const(np.zeros(count), np.int32), rank, numbers, "update")
    return _Sorted(place=place, first=_changes(b, gather(b, rows, place, 0)))


def _changes(b: Builder, values: Var) -> Var:
    """Which of [N] or [N, size] differ from the one before: 1 or 0, int32 [N], the first of them 1."""
    count = shape_of(values)[0]
    one = b.const(np.ones(1), np.int32)
    if count == 1:
        return one
    differ = binary(b, "not_equal", box(b, values, 0, 1, count - 1), box(b, values, 0, 0, count - 1))
    numbers = b.cast(differ, np.int32)
    if rank_of(values) > 1:
        numbers = b.emit("reduce_max", x=numbers, axes=[1], keep_dims=False)
    return concat(b, [one, numbers], 0)
