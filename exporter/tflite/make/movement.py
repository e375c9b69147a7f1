"""Operators that move data and compute nothing; on constants they are done at once in numpy."""

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.integer.record import moved
from portproof.exporter.tflite.values import Array, array_of, constant, dtype_of, is_constant, shape_of

NCHW_TO_NHWC = (0, 2, 3, 1)
NHWC_TO_NCHW = (0, 3, 1, 2)


def transpose(b: Builder, x: ir.Value, perm: Sequence[int]) -> ir.Value:
    """`x` with its axes in the order `perm`; nothing is emitted for the identity."""
    if list(perm) == list(range(len(perm))):
        return x
    if is_constant(x):
        return moved(x, lambda array: array.transpose(perm))  # not copied: the writer does, one at a time
    shape = shape_of(x)
    return b.emit("TRANSPOSE", [x, b.ints(perm)], shape=[shape[axis] for axis in perm], dtype=dtype_of(x))


def channels_last(b: Builder, x: ir.Value) -> ir.Value:
    """NC... to N...C, for any rank of at least 3 (rank 2 and less are unchanged)."""
    rank = len(shape_of(x))
    return transpose(b, x, (0, *range(2, rank), 1)) if rank > 2 else x


def channels_first(b: Builder, x: ir.Value) -> ir.Value:
    """N...C to NC..., the inverse of `channels_last`."""
    rank = len(shape_of(x))
    return transpose(b, x, (0, rank - 1, *range(1, rank - 1))) if rank > 2 else x


def reshape(b: Builder, x: ir.Value, shape: Sequence[int]) -> ir.Value:
    """`x` with another shape of as many elements; nothing is emitted when it has that shape already."""
    if tuple(shape) == shape_of(x):
        return x
    if is_constant(x):
        return moved(x, lambda array: array.reshape(tuple(shape)))
    return b.emit(
        "RESHAPE", [x, b.ints(shape)], shape=shape, dtype=dtype_of(x), new_shape=[int(size) for size in shape]
    )


def to_rank(b: Builder, x: ir.Value, rank: int) -> ir.Value:
    """`x` with dimensions of 1 put in front until it has `rank`, as broadcasting reads it."""
    shape = shape_of(x)
    return reshape(b, x, (1,) * (rank - len(shape)) + shape)


def pad(b: Builder, x: ir.Value, paddings: Sequence[tuple[int, int]], value: float | int | None = None) -> ir.Value:
    """Constant padding.

    Args:
        b: the builder.
        x: any shape.
        paddings: (before, after) for each axis, none negative.
        value: what is filled in, in the type of `x`; zero when None.
    """
    if not any(before or after for before, after in paddings):
        return x
    shape = [size + sum(ends) for size, ends in zip(shape_of(x), paddings, strict=True)]
    widths = b.const(np.array(paddings, dtype=np.int32).reshape(len(shape), 2))
    dtype = dtype_of(x)
    if not value:
        return b.emit("PAD", [x, widths], shape=shape, dtype=dtype)
    return b.emit("PADV2", [x, widths, b.const(np.array([value], dtype=dtype))], shape=shape, dtype=dtype)


def slice_(b: Builder, x: ir.Value, begin: Sequence[int], size: Sequence[int]) -> ir.Value:
    """A box of `x`: `size` elements from `begin` on each axis; nothing is emitted for the whole of it."""
    if tuple(size) == shape_of(x):
        return x
    if is_constant(x):
        box = tuple(slice(start, start + count) for start, count in zip(begin, size, strict=True))
        return moved(x, lambda array: np.ascontiguousarray(array[box]))
    return b.emit("SLICE", [x, b.ints(begin), b.ints(size)], shape=size, dtype=dtype_of(x))


def every(b: Builder, x: ir.Value, axis: int, *, start: int, step: int, count: int) -> ir.Value:
    """Every `step`-th entry of `x` along a non-negative `axis`: `count` of them, from `start` on, all inside."""
    shape = shape_of(x)
    if step == 1 or count == 1:
        begin, size = [0] * len(shape), list(shape)
        begin[axis], size[axis] = start, count
        return slice_(b, x, begin, size)
    first = b.ints([start if other == axis else 0 for other in range(len(shape))])
    end = b.ints([start + (count - 1) * step + 1 if other == axis else n for other, n in enumerate(shape)])
    steps = b.ints([step if other == axis else 1 for other in range(len(shape))])
    out = [count if other == axis else n for other, n in enumerate(shape)]
    return b.emit("STRIDED_SLICE", [x, first, end, steps], shape=out, dtype=dtype_of(x))


def pad_or_crop(b: Builder, x: ir.Value, paddings: Sequence[tuple[int, int]]) -> ir.Value:
    """Zero padding where a width is positive; a negative one cuts that many elements off."""
    begin = [max(-before, 0) for before, _ in paddings]
    cut = [start + max(-after, 0) for start, (_, after) in zip(begin, paddings, strict=True)]
    size = [length - less for length, less in zip(shape_of(x), cut, strict=True)]
    return pad(b, slice_(b, x, begin, size), [(max(before, 0), max(after, 0)) for before, after in paddings])


def concat(b: Builder, parts: Sequence[ir.Value], axis: int) -> ir.Value:
    """`parts` after one another on a non-negative `axis`; empty ones are left out."""
    shape = list(shape_of(parts[0]))
    shape[axis] = sum(shape_of(part)[axis] for part in parts)
    kept = [part for part in parts if shape_of(part)[axis] > 0] or [parts[0]]
    if len(kept) == 1:
        return kept[0]
    arrays = [array_of(part) for part in kept]
    if all(array is not None for array in arrays):
        return constant(np.concatenate([array for array in arrays if array is not None], axis))
    return b.emit("CONCATENATION", kept, shape=shape, dtype=dtype_of(kept[0]), axis=axis)


def broadcast_to(b: Builder, x: ir.Value, shape: Sequence[int]) -> ir.Value:
    """`x` repeated to `shape` by the broadcasting rule."""
    if tuple(shape) == shape_of(x):
        return x
    array = array_of(x)
    if array is not None:
        return constant(np.ascontiguousarray(np.broadcast_to(array, tuple(shape))))
    return b.emit("BROADCAST_TO", [x, b.ints(shape)], shape=shape, dtype=dtype_of(x))


def gather(b: Builder, x: ir.Value, indices: ir.Value | Array, axis: int) -> ir.Value:
    """Entries of `x` along a non-negative `axis`; indices are non-negative and inside."""
    index = indices if isinstance(indices, ir.Value) else b.const(np.asarray(indices, dtype=np.int32))
    shape = shape_of(x)
    out = (*shape[:axis], *shape_of(index), *shape[axis + 1 :])
    return b.emit("GATHER", [x, index], shape=out, dtype=dtype_of(x), axis=axis, batch_dims=0)
