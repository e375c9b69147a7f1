"""Indices as TFLite's kernels want them: never negative, and flat where only flat ones exist."""

import math
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast, select
from portproof.exporter.tflite.make.movement import reshape
from portproof.exporter.tflite.values import Array, array_of, constant, dtype_of, shape_of

COUNTS = "portproof.counts"
"""Noted in `meta` by an input of a subgraph that counts from 0, as the number of a step."""
_NEVER_NEGATIVE = frozenset({"ARG_MAX", "ARG_MIN", "SHAPE"})
_KEEPS_SIGN = frozenset({"CAST", "RESHAPE", "TRANSPOSE", "GATHER", "SLICE"})


def wrap(b: Builder, indices: ir.Value, size: int | Array) -> ir.Value:
    """Negative indices counted from the end; constants become int32.

    An index outside [-size, size) stays outside, so that the kernel reports it as ONNX Runtime does.

    Args:
        b: the builder.
        indices: int32 or int64.
        size: of the axis; or an array [K], one size for each entry of the last axis of `indices`.

    Raises:
        Refusal: a constant index is outside.
    """
    array = array_of(indices)
    if array is not None:
        return constant(_wrapped(array, size).astype(np.int32), indices.name)
    if _is_never_negative(indices):
        return indices
    dtype = dtype_of(indices)
    ahead = binary(b, "ADD", indices, b.const(np.array(size, dtype=dtype)))
    return select(b, binary(b, "LESS", indices, 0), ahead, indices)


def flat_elements(b: Builder, indices: ir.Value, shape: Sequence[int], axis: int) -> ir.Value:
    """Where the entries that GatherElements and ScatterElements mean are in the flattened data; int32.

    Args:
        b: the builder.
        indices: of the rank of the data; entry [i, j, k] stands for [indices[i, j, k], j, k] when `axis` is 0.
        shape: of the data.
        axis: not negative.

    Raises:
        Refusal: the data has more elements than int32 counts.
    """
    if math.prod(shape) > np.iinfo(np.int32).max:
        raise Refusal("the data has more elements than a 32-bit index reaches")
    strides = [math.prod(shape[position + 1 :]) for position in range(len(shape))]
    others = np.zeros((1,) * len(shape), dtype=np.int32)
    for position, size in enumerate(shape_of(indices)):
        if position != axis:
            step = np.arange(size, dtype=np.int32) * np.int32(strides[position])
            others = others + step.reshape([-1 if p == position else 1 for p in range(len(shape))])
    wrapped = wrap(b, indices if array_of(indices) is not None else cast(b, indices, "int32"), shape[axis])
    array = array_of(wrapped)
    if array is not None:
        return constant(array * np.int32(strides[axis]) + others)
    scaled = wrapped if strides[axis] == 1 else binary(b, "MUL", wrapped, strides[axis])
    return binary(b, "ADD", scaled, b.const(others)) if others.any() else scaled


def flatten(b: Builder, x: ir.Value) -> ir.Value:
    """`x` with rank 1."""
    return reshape(b, x, (math.prod(shape_of(x)),))


def _wrapped(array: Array, size: int | Array) -> Array:
    if np.any(array < -np.asarray(size)) or np.any(array >= np.asarray(size)):
        raise Refusal("a constant index is outside of the data")
    return np.where(array < 0, array + size, array)


def _is_never_negative(value: ir.Value) -> bool:
    node = value.producer()
    if node is None:
        return bool(value.meta.get(COUNTS))
    if node.op_type in _NEVER_NEGATIVE:
        return True
    if node.op_type == "TOPK_V2":
        return value is node.outputs[1]
    source = node.inputs[0]
    if source is None or node.op_type not in _KEEPS_SIGN:
        return False
    if node.op_type == "CAST":
        return dtype_of(source).kind in "ub" or (dtype_of(source).kind == "i" and _is_never_negative(source))
    return _is_never_negative(source)
