"""Updates that may come to one entry more than once, multiplied or compared: every entry looks at every update.

SCATTER_ND adds such updates up; it has no other reduction.
"""

import math

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast, reduce
from portproof.exporter.tflite.make.known import calc, choose
from portproof.exporter.tflite.make.movement import reshape
from portproof.exporter.tflite.values import dtype_of, shape_of

_MOST_PAIRS = 1 << 22
_KERNELS = {"mul": ("REDUCE_PROD", "MUL"), "min": ("REDUCE_MIN", "MINIMUM"), "max": ("REDUCE_MAX", "MAXIMUM")}


def reduce_pairs(b: Builder, x: ir.Value, points: ir.Value, updates: ir.Value, reduction: str) -> ir.Value:
    """`x` with `updates` multiplied or compared into it.

    Args:
        b: the builder.
        x: float32, int32 or int64.
        points: where, [..., depth], not negative.
        updates: [..., slice], in the type of `x`.
        reduction: ``"mul"``, ``"min"`` or ``"max"``.

    Raises:
        Refusal: there are too many pairs.
    """
    shape, depth = shape_of(x), shape_of(points)[-1]
    entries, size = math.prod(shape[:depth]), math.prod(shape[depth:])
    count = math.prod(shape_of(points)[:-1])
    if entries * count * size > _MOST_PAIRS:
        raise Refusal(f"{count} updates of {entries} entries by {reduction} at run time", "make the indices constant")
    strides = [math.prod(shape[axis + 1 : depth]) for axis in range(depth)]
    rows = cast(b, reshape(b, points, (count, depth)), np.int32)
    flat = reduce(b, "SUM", calc(b, "MUL", rows, b.ints(strides)), [1], keepdims=False)
    match = binary(b, "EQUAL", b.const(np.arange(entries).reshape(-1, 1, 1), np.int32), reshape(b, flat, (1, count, 1)))
    offered = choose(b, match, reshape(b, updates, (1, count, size)), b.const(_idle(dtype_of(x), reduction)))
    kernel, op = _KERNELS[reduction]
    total = reduce(b, kernel, offered, [1], keepdims=False)
    return reshape(b, binary(b, op, reshape(b, x, (entries, size)), total), shape)


def _idle(dtype: np.dtype[np.generic], reduction: str) -> np.ndarray[tuple[()], np.dtype[np.generic]]:
    """What changes nothing."""
    if reduction == "mul":
        return np.ones((), dtype)
    if dtype.kind == "f":
        return np.array(np.inf if reduction == "min" else -np.inf, dtype)
    ends = np.iinfo(dtype.name)
    return np.array(ends.max if reduction == "min" else ends.min, dtype)
