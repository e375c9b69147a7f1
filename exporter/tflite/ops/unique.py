"""Unique: what is equal stands together once it is sorted. The data decide how many there are."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.axes import resolve_axis
from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast, reduce, unary
from portproof.exporter.tflite.make.carrier import carried
from portproof.exporter.tflite.make.indices import flatten
from portproof.exporter.tflite.make.known import calc
from portproof.exporter.tflite.make.movement import concat, gather, reshape, slice_, transpose
from portproof.exporter.tflite.make.selection import open_size, opened, places, taken_at
from portproof.exporter.tflite.ops.extreme import ordered_places
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import dtype_of, shape_of

_TYPES = frozenset({"float32", "int32", "int64"})
_MOST_COMPARED = 1 << 22
"""Slices are compared in pairs, element by element."""


@dataclass(frozen=True, kw_only=True)
class _Sorted:
    """N entries in rising order, equal ones in the order they came in.

    Attributes:
        place: where each one was, int32 [N].
        first: which ones differ from the one before them, booleans [N].
    """

    place: ir.Value
    first: ir.Value


@onnx_op("Unique", since=11, note="float64, uint64; other operators behind it, without declared shapes")
def unique(b: Builder, x: ir.Value, *, axis: int | None, sorted: int) -> Sequence[ir.Value]:  # noqa: A002
    """The different entries along `axis`, or elements; where each stood first, which one each entry is, how many."""
    along = 0 if axis is None else resolve_axis(axis, len(shape_of(x)))
    data = carried(b, flatten(b, x) if axis is None else x, _TYPES, "Unique")
    if 0 in shape_of(data):
        raise Refusal("an empty tensor has no entries")
    order = _by_element(b, data) if axis is None else _by_slice(b, data, along)
    count = shape_of(data)[along]
    group = calc(b, "SUB", _running_sum(b, cast(b, order.first, np.int32)), 1)
    # SCATTER_ND adds up what comes to one place.
    sizes = _placed(b, group, b.ints([1] * count), count)
    starts = _placed(b, group, calc(b, "MUL", order.place, cast(b, order.first, np.int32)), count)
    inverse = _placed(b, order.place, group, count)
    if not sorted:
        # Groups in the order of their first entries instead.
        chosen = _placed(b, order.place, cast(b, order.first, np.int32), count)
        rank = calc(b, "SUB", _running_sum(b, chosen), 1)
        inverse = gather(b, rank, gather(b, starts, inverse, 0), 0)
        sizes, starts = (_placed_by(b, values, rank, starts, sizes, count) for values in (sizes, starts))
    return _outputs(b, x, data, along, (starts, inverse, sizes), flat=axis is None)


def _outputs(
    b: Builder, x: ir.Value, data: ir.Value, along: int, parts: tuple[ir.Value, ir.Value, ir.Value], *, flat: bool
) -> Sequence[ir.Value]:
    starts, inverse, sizes = parts
    filled = binary(b, "GREATER", sizes, 0)

    def cut(values: ir.Value, index: int) -> ir.Value:
        return taken_at(b, values, places(b, filled, open_size(b, index, 0)), 0)

    size = open_size(b, 0, 0 if flat else along)
    first = taken_at(b, starts, places(b, filled, size), 0)
    y = opened(cast(b, taken_at(b, data, first, along), dtype_of(x)), along)
    indices = opened(cast(b, cut(starts, 1), np.int64), 0)
    counts = opened(cast(b, cut(sizes, 3), np.int64), 0)
    return y, indices, cast(b, inverse, np.int64), counts


def _by_element(b: Builder, x: ir.Value) -> _Sorted:
    values, place = ordered_places(b, x)
    return _Sorted(place=place, first=_changes(b, values))


def _by_slice(b: Builder, x: ir.Value, axis: int) -> _Sorted:
    """Each slice behind all that are less, and behind equal ones before it; the first different element decides."""
    count = shape_of(x)[axis]
    order = [axis, *(other for other in range(len(shape_of(x))) if other != axis)]
    size = math.prod(shape_of(x)) // count
    if count * count * size > _MOST_COMPARED:
        raise Refusal(f"{count} slices of {size} elements are too many to compare in pairs", "use fewer ones")
    rows = reshape(b, transpose(b, x, order), (count, size))
    left, right = reshape(b, rows, (count, 1, size)), reshape(b, rows, (1, count, size))
    differ = cast(b, binary(b, "NOT_EQUAL", left, right), np.int32)
    axes = b.const(2, np.int32)
    before = b.emit("CUMSUM", [differ, axes], shape=(count, count, size), dtype=np.int32, exclusive=True, reverse=False)
    deciding = calc(b, "LOGICAL_AND", binary(b, "EQUAL", before, 0), binary(b, "GREATER", left, right))
    greater = reduce(b, "REDUCE_ANY", deciding, [2], keepdims=False)
    differs = reduce(b, "REDUCE_MAX", differ, [2], keepdims=False)
    earlier = b.const(np.tril(np.ones((count, count)), -1), np.int32)
    equal = calc(b, "MUL", calc(b, "SUB", b.const(1, np.int32), differs), earlier)
    rank = reduce(b, "SUM", calc(b, "ADD", cast(b, greater, np.int32), equal), [1], keepdims=False)
    place = _placed(b, rank, b.ints(range(count)), count)
    return _Sorted(place=place, first=_changes(b, gather(b, rows, place, 0)))


def _changes(b: Builder, values: ir.Value) -> ir.Value:
    """Which of [N] or [N, size] differ from the one before: booleans [N], the first of them true."""
    count, *rest = shape_of(values)
    if count == 1:
        return b.const([True])
    head = slice_(b, values, [0] * (len(rest) + 1), [count - 1, *rest])
    tail = slice_(b, values, [1] + [0] * len(rest), [count - 1, *rest])
    differ = binary(b, "NOT_EQUAL", tail, head)
    if rest:
        differ = reduce(b, "REDUCE_ANY", differ, [1], keepdims=False)
    return concat(b, [b.const([True]), differ], 0)


def _running_sum(b: Builder, x: ir.Value) -> ir.Value:
    zero = b.const(0, np.int32)
    return b.emit("CUMSUM", [x, zero], shape=shape_of(x), dtype=np.int32, exclusive=False, reverse=False)


def _placed(b: Builder, where: ir.Value, values: ir.Value, count: int) -> ir.Value:
    """int32 [count] with `values` at the places `where`, added up where these are equal, zeros elsewhere."""
    points = reshape(b, where, (*shape_of(where), 1))
    return b.emit("SCATTER_ND", [points, values, b.ints([count])], shape=(count,), dtype=np.int32)


def _placed_by(b: Builder, values: ir.Value, rank: ir.Value, starts: ir.Value, sizes: ir.Value, count: int) -> ir.Value:
    """Values of groups at the ranks of the groups' first entries; groups that are empty hold zeros and add nothing."""
    empty = binary(b, "EQUAL", sizes, 0)
    kept = calc(b, "MUL", values, cast(b, unary(b, "LOGICAL_NOT", empty), np.int32))
    return _placed(b, gather(b, rank, starts, 0), kept, count)
