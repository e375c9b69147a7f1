"""Operators that move data and compute nothing; on constants they are done at once in numpy."""

from collections.abc import Callable, Sequence

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.values import Array, Var, array_of, dtype_of, is_known, rank_of, shape_of


def reshape(b: Builder, x: Var, sizes: Sequence[int]) -> Var:
    """`x` with another shape of as many elements; nothing is emitted when it has that shape already.

    Args:
        b: the builder.
        x: any shape.
        sizes: the new shape; one may be -1.
    """
    if is_known(x) and tuple(sizes) == shape_of(x):
        return x
    array = array_of(x)
    if array is not None:
        return b.const(array.reshape(tuple(sizes)))
    if not sizes:
        return b.emit("squeeze", x=x, axes=list(range(rank_of(x))))
    if not rank_of(x):
        return b.emit("expand_dims", x=x, axes=list(range(len(sizes))))
    return b.emit("reshape", x=x, shape=np.array(sizes, np.int32))


def transpose(b: Builder, x: Var, perm: Sequence[int]) -> Var:
    """`x` with its axes in the order `perm`; nothing is emitted for the identity."""
    if list(perm) == list(range(len(perm))):
        return x
    array = array_of(x)
    if array is not None:
        return b.const(np.ascontiguousarray(array.transpose(perm)))
    return b.emit("transpose", x=x, perm=list(perm))


def concat(b: Builder, parts: Sequence[Var], axis: int) -> Var:
    """`parts` of one rank after one another; empty ones are left out."""
    kept = [part for part in parts if 0 not in part.shape] or [parts[0]]
    if len(kept) == 1:
        return kept[0]
    arrays = [array_of(part) for part in kept]
    if all(array is not None for array in arrays):
        return b.const(np.concatenate([array for array in arrays if array is not None], axis))
    return b.emit("concat", values=kept, axis=axis)


def box(b: Builder, x: Var, axis: int, start: int, count: int) -> Var:
    """`count` entries of `x` from `start` on along `axis`, all inside; nothing is emitted for all of them.

    Args:
        b: the builder.
        x: any shape.
        axis: not negative.
        start: not negative.
        count: may be 0: a constant without elements.
    """
    if x.shape[axis] == count:
        return x
    array = array_of(x)
    if array is not None:
        return b.const(np.ascontiguousarray(array[(slice(None),) * axis + (slice(start, start + count),)]))
    if not count:
        return b.const(np.zeros([0 if i == axis else n for i, n in enumerate(shape_of(x))], dtype_of(x)))
    others = [position != axis for position in range(rank_of(x))]
    begin = [0 if other else start for other in others]
    end = [0 if other else start + count for other in others]
    return b.emit("slice_by_index", x=x, begin=begin, end=end, begin_mask=others, end_mask=others)


def gather(b: Builder, x: Var, indices: Var | Array, axis: int) -> Var:
    """Entries of `x` along a non-negative `axis`; indices are non-negative and inside."""
    where = indices.astype(np.int32) if isinstance(indices, np.ndarray) else indices
    data, index = array_of(x), where if isinstance(where, np.ndarray) else array_of(where)
    if data is not None and index is not None:
        return b.const(np.take(data, index, axis))
    return without_bool(b, lambda given: b.emit("gather", x=given, indices=where, axis=axis), x)


def without_bool(b: Builder, computed: Callable[..., Var], *xs: Var) -> Var:
    """An operator that moves data but takes no bool: it is given int32 for it, and gives bool back."""
    if dtype_of(xs[0]) != "bool":
        return computed(*xs)
    return b.cast(computed(*(b.cast(x, np.int32) for x in xs)), bool)


def to_rank(b: Builder, x: Var, rank: int) -> Var:
    """`x` with axes of 1 put in front until it has `rank`, as broadcasting reads it."""
    missing = rank - rank_of(x)
    return x if missing <= 0 else expand_dims(b, x, range(missing))


def expand_dims(b: Builder, x: Var, axes: Sequence[int]) -> Var:
    """`x` with axes of size 1, at these places of the result."""
    array = array_of(x)
    if array is not None:
        return b.const(np.expand_dims(array, tuple(axes)))
    return b.emit("expand_dims", x=x, axes=list(axes)) if len(axes) else x


def full(b: Builder, sizes: Sequence[int], number: float | np.generic, dtype: str) -> Var:
    """A constant of one number everywhere."""
    return b.const(np.full(tuple(sizes), number, dtype))


def broadcast_to(b: Builder, x: Var, sizes: Sequence[int]) -> Var:
    """`x` of a known shape repeated to `sizes` by the broadcasting rule."""
    if shape_of(x) == tuple(sizes):
        return x
    array = array_of(x)
    if array is not None:
        return b.const(np.ascontiguousarray(np.broadcast_to(array, tuple(sizes))))
    wide = to_rank(b, x, len(sizes))
    reps = [1 if had == size else size for had, size in zip(shape_of(wide), sizes, strict=True)]
    return b.emit("tile", x=wide, reps=reps)
