"""Indices as MIL's gather and scatter want them since iOS17: never negative."""

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary, select
from portproof.exporter.coreml.make.movement import box
from portproof.exporter.coreml.values import Array, Var, array_of, is_known, is_var
from portproof.exporter.lowering.refusal import Refusal

_NEVER_NEGATIVE = frozenset({"reduce_argmax", "reduce_argmin", "argsort", "non_zero", "shape"})
_KEEPS_SIGN = frozenset({"reshape", "transpose", "gather", "slice_by_index", "squeeze", "expand_dims", "identity"})


def wrap(b: Builder, indices: Var, size: int | Array | Var) -> Var:
    """Negative indices counted from the end.

    An index outside [-size, size) stays outside; ONNX leaves open what it gives.

    Args:
        b: the builder.
        indices: int32.
        size: of the axis; or an array [K], one size for each entry of the last axis of `indices`; a value where that
            is known only at run time.

    Raises:
        Refusal: a constant index is outside.
    """
    array, late = array_of(indices), is_var(size)
    if array is not None and not late:
        return b.const(wrapped(array, size).astype(np.int32))
    if is_never_negative(indices) or (array is not None and int(array.min(initial=0)) >= 0):
        return indices
    ahead = binary(b, "add", indices, size if late else np.asarray(size, np.int32))
    return select(b, binary(b, "less", indices, 0), ahead, indices)


def wrap_along(b: Builder, indices: Var, x: Var, axis: int) -> Var:
    """The same for an axis of `x` whose size may be known only at run time."""
    if is_known(x) or isinstance(x.shape[axis], int | np.integer):
        return wrap(b, indices, int(x.shape[axis]))
    return wrap(b, indices, b.emit("gather", x=b.emit("shape", x=x), indices=np.int32(axis), axis=0))


def sizes_along(b: Builder, x: Var, first: int, count: int) -> Array | Var:
    """The sizes of so many axes of `x`: an array, or a value where some are known only at run time."""
    sizes = x.shape[first : first + count]
    if all(isinstance(size, int | np.integer) for size in sizes):
        return np.array([int(size) for size in sizes], np.int64)
    return box(b, b.emit("shape", x=x), 0, first, count)


def wrapped(array: Array, size: int | Array) -> Array:
    """Constant indices, counted from the front.

    Raises:
        Refusal: one is outside.
    """
    if np.any(array < -np.asarray(size)) or np.any(array >= np.asarray(size)):
        raise Refusal("a constant index is outside of the data")
    return np.where(array < 0, array + size, array)


def is_never_negative(x: Var) -> bool:
    """Whether the operator that makes `x` counts from 0."""
    if x.op is None:
        return False
    if x.op.op_type in _NEVER_NEGATIVE:
        return True
    if x.op.op_type == "topk":
        return x is x.op.outputs[1]
    return x.op.op_type in _KEEPS_SIGN and is_never_negative(x.op.x)
