"""Elementwise operators, reductions and casts; constants are cast at once."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.movement import to_rank
from portproof.exporter.tflite.narrowing import mark
from portproof.exporter.tflite.values import array_of, constant, dtype_of, shape_of

BOOLEAN_RESULT = frozenset({"EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL"})


def unary(b: Builder, op: str, x: ir.Value, **attributes: float | int | str) -> ir.Value:
    """An operator of one input whose output has the same shape and type."""
    return b.emit(op, [x], shape=shape_of(x), dtype=dtype_of(x), **attributes)


def align(b: Builder, values: Sequence[ir.Value]) -> tuple[tuple[int, ...], list[ir.Value]]:
    """The broadcast shape of `values`, and them with that rank; scalars stay as they are.

    Equal ranks let the layout pass permute all operands of an elementwise operator alike.
    """
    shapes = [shape_of(value) for value in values]
    shape = shapes[0] if all(each == shapes[0] for each in shapes) else np.broadcast_shapes(*shapes)
    aligned = [value if shape_of(value) == () else to_rank(b, value, len(shape)) for value in values]
    return shape, aligned


def binary(b: Builder, op: str, x: ir.Value, y: ir.Value | float, **attributes: float | int | str) -> ir.Value:
    """An elementwise operator of two inputs with broadcasting; `y` may be a number."""
    dtype = dtype_of(x)
    other = y if isinstance(y, ir.Value) else b.const(np.array(y, dtype=dtype))
    shape, operands = align(b, [x, other])
    result = np.dtype(bool) if op in BOOLEAN_RESULT else dtype
    return b.emit(op, operands, shape=shape, dtype=result, **attributes)


def select(b: Builder, condition: ir.Value, x: ir.Value, y: ir.Value) -> ir.Value:
    """`x` where `condition` holds, else `y`; all three broadcast."""
    shape, operands = align(b, [condition, x, y])
    return b.emit("SELECT_V2", operands, shape=shape, dtype=dtype_of(x))


def cast(b: Builder, x: ir.Value, dtype: npt.DTypeLike) -> ir.Value:
    """`x` in another type; nothing is emitted when it has it already.

    float64 that becomes float32 without having been asked for is marked, to be told (see `narrowing`).
    """
    wanted = np.dtype(dtype)
    if dtype_of(x) == wanted:
        return x
    array = array_of(x)
    if array is not None:
        return constant(array.astype(wanted), x.name)
    y = b.emit("CAST", [x], shape=shape_of(x), dtype=wanted)
    if dtype_of(x).name == "float64" and wanted.name == "float32":
        mark(b.nodes[-1], b.source)
    return y


def reduce(b: Builder, op: str, x: ir.Value, axes: Sequence[int], *, keepdims: bool) -> ir.Value:
    """A reduction over non-negative `axes`; the output's type is the input's."""
    shape = shape_of(x)
    kept = [1 if axis in axes else size for axis, size in enumerate(shape)]
    out = kept if keepdims else [size for axis, size in enumerate(shape) if axis not in axes]
    return b.emit(op, [x, b.ints(sorted(axes))], shape=out, dtype=dtype_of(x), keep_dims=keepdims)
