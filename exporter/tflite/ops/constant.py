"""Values known when the file is written: Constant, ConstantOfShape, Shape, Size, Range, EyeLike."""

import math
from typing import Any

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary
from portproof.exporter.tflite.make.late import of_late_shape
from portproof.exporter.tflite.make.movement import reshape
from portproof.exporter.tflite.make.parameter import declared_shape
from portproof.exporter.tflite.make.widened import NUMBERS, widened
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


@onnx_op("Range", since=11, note="computed at run time with a declared size only")
def range_(b: Builder, start: ir.Value, limit: ir.Value, delta: ir.Value) -> ir.Value:
    """start, start + delta, ... before `limit`."""
    ends = [array_of(value) for value in (start, limit, delta)]
    if any(array is None for array in ends):
        return _late_range(b, start, limit, delta, declared_shape(b)[0])
    first, last, step = (array.reshape(()) for array in ends if array is not None)
    count = max(int(np.ceil((float(last) - float(first)) / float(step))), 0)
    return b.const(first + np.arange(count).astype(first.dtype) * step, first.dtype)


def _late_range(b: Builder, start: ir.Value, limit: ir.Value, delta: ir.Value, count: int) -> ir.Value:
    """As many steps as the model declares. RANGE adds up, which rounds more often: it gives the length only."""

    def computed(first: ir.Value, last: ir.Value, step: ir.Value) -> ir.Value:
        kernel = b.emit("RANGE", [first, last, step], shape=(count,), dtype=dtype_of(first))
        if dtype_of(first).kind == "i":
            return kernel
        y = binary(b, "ADD", binary(b, "MUL", b.const(np.arange(count), dtype_of(first)), step), first)
        return of_late_shape(b, y, b.emit("SHAPE", [kernel], shape=(1,), dtype=np.int32, out_type="INT32"))

    return widened(b, NUMBERS, [reshape(b, value, ()) for value in (start, limit, delta)], computed)


@onnx_op("EyeLike", since=9)
def eye_like(b: Builder, x: ir.Value, *, dtype: int | None, k: int) -> ir.Value:
    """Ones on diagonal `k`: a constant of the shape of `x`."""
    rows, columns = shape_of(x)
    wanted = dtype_of(x) if dtype is None else ir.DataType(dtype).numpy()
    return b.const(np.eye(rows, columns, k, dtype=wanted))
