"""Values known when the file is written: Constant, ConstantOfShape, Shape, Size, Range, EyeLike."""

import math
from typing import Any

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.parameter import declared_shape
from portproof.exporter.tflite.refusal import Refusal
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, dtype_of, ints_of, shape_of


@onnx_op("Constant", note="dense tensors and numbers, not strings")
def constant(
    b: Builder,
    *,
    value: Any,
    value_float: float | None,
    value_floats: list[float] | None,
    value_int: int | None,
    value_ints: list[int] | None,
) -> ir.Value:
    """A tensor, or a number or list of them (opset 12)."""
    if value is not None:
        return b.const(value.numpy())
    floats = value_float if value_float is not None else value_floats
    if floats is not None:
        return b.const(floats, np.float32)
    integers = value_int if value_int is not None else value_ints
    return b.const([] if integers is None else integers, np.int64)


@onnx_op("ConstantOfShape", since=9)
def constant_of_shape(b: Builder, shape: ir.Value, *, value: Any) -> ir.Value:
    """One number everywhere; float32 zero when there is no `value`."""
    number = np.zeros(1, np.float32) if value is None else value.numpy()
    sizes = declared_shape(b) if array_of(shape) is None else ints_of(shape)
    return b.const(np.full(sizes, number.reshape(-1)[0], dtype=number.dtype))


@onnx_op("Shape")
def shape(b: Builder, x: ir.Value, *, start: int | None, end: int | None) -> ir.Value:
    """Shapes are static: an int64 constant, from axis `start` to `end` (opset 15)."""
    return b.const(shape_of(x)[start or 0 : end], np.int64)


@onnx_op("Size")
def size(b: Builder, x: ir.Value) -> ir.Value:
    """The number of elements: an int64 constant."""
    return b.const(math.prod(shape_of(x)), np.int64)


@onnx_op("Range", since=11, note="constant start, limit and delta")
def range_(b: Builder, start: ir.Value, limit: ir.Value, delta: ir.Value) -> ir.Value:
    """start, start + delta, ... before `limit`."""
    ends = [array_of(value) for value in (start, limit, delta)]
    if any(array is None for array in ends):
        raise Refusal("the range is computed at run time", "make start, limit and delta constants of the model")
    first, last, step = (array.reshape(()) for array in ends if array is not None)
    count = max(int(np.ceil((float(last) - float(first)) / float(step))), 0)
    return b.const(first + np.arange(count).astype(first.dtype) * step, first.dtype)


@onnx_op("EyeLike", since=9)
def eye_like(b: Builder, x: ir.Value, *, dtype: int | None, k: int) -> ir.Value:
    """Ones on diagonal `k`: a constant of the shape of `x`."""
    rows, columns = shape_of(x)
    wanted = dtype_of(x) if dtype is None else ir.DataType(dtype).numpy()
    return b.const(np.eye(rows, columns, k, dtype=wanted))
