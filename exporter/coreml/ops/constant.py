"""Values known when the file is written: Constant, ConstantOfShape, Shape, Size, EyeLike; Range."""

from typing import Any

import numpy as np
import onnx_ir as ir

from portproof.exporter.coreml.builder import Builder, narrowed
from portproof.exporter.coreml.make.movement import box, reshape
from portproof.exporter.coreml.make.parameter import declared_shape
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, array_of, dtype_of, ints_of, is_known, rank_of, shape_of
from portproof.exporter.lowering.refusal import Refusal


@onnx_op("Constant", note="dense tensors and numbers, not strings")
def constant(
    b: Builder,
    *,
    value: Any,
    value_float: float | None,
    value_floats: list[float] | None,
    value_int: int | None,
    value_ints: list[int] | None,
) -> None:
    """Nothing yet: a constant is written where it is read, so that what reads it sees its full width."""


@onnx_op("ConstantOfShape", since=9)
def constant_of_shape(b: Builder, shape: Var, *, value: Any) -> Var:
    """One number everywhere; float32 zero when there is no `value`."""
    number = np.zeros((), np.float32) if value is None else value.numpy().reshape(-1)[0]
    sizes = declared_shape(b) if array_of(shape) is None else tuple(ints_of(shape))
    if sizes is not None:
        return b.const(np.full(sizes, number))
    return b.emit("fill", shape=shape, value=narrowed(np.asarray(number))[()])


@onnx_op("Shape")
def shape(b: Builder, x: Var, *, start: int | None, end: int | None) -> Var:
    """The sizes from axis `start` to `end` (opset 15): a constant where they are known."""
    first, last, _ = slice(start or 0, end).indices(rank_of(x))
    if is_known(x) or not rank_of(x):
        return b.const(np.array(shape_of(x)[first:last], np.int32))
    return box(b, b.emit("shape", x=x), 0, first, max(last - first, 0))


@onnx_op("Size")
def size(b: Builder, x: Var) -> Var:
    """The number of elements."""
    if is_known(x):
        return b.const(np.array(np.prod(shape_of(x), dtype=np.int64)))
    return b.emit("reduce_prod", x=b.emit("shape", x=x), axes=[0], keep_dims=False)


@onnx_op("Range", since=11)
def range_(b: Builder, start: Var, limit: Var, delta: Var) -> Var:
    """start, start + delta, ... before `limit`."""
    ends = [array_of(value) for value in (start, limit, delta)]
    if any(array is None for array in ends):
        first, last, step = (reshape(b, value, ()) for value in (start, limit, delta))
        return b.emit("range_1d", start=first, end=last, step=step)
    first, last, step = (array.reshape(()) for array in ends if array is not None)
    count = max(int(np.ceil((float(last) - float(first)) / float(step))), 0)
    return b.const(first + np.arange(count).astype(first.dtype) * step, first.dtype)


@onnx_op("EyeLike", since=9)
def eye_like(b: Builder, x: Var, *, dtype: int | None, k: int) -> Var:
    """Ones on diagonal `k`: a constant of the shape of `x`."""
    if not is_known(x):
        raise Refusal("the size of the matrix is not known before run time", "declare the sizes with --input")
    rows, columns = shape_of(x)
    wanted = dtype_of(x) if dtype is None else ir.DataType(dtype).numpy()
    return b.const(np.eye(rows, columns, k, dtype=wanted))
