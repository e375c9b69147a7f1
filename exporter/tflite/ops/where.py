"""Choice by a condition: Where and Trilu."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast, select
from portproof.exporter.tflite.make.movement import reshape
from portproof.exporter.tflite.make.parameter import constant_ints
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, constant, dtype_of, rank_of, shape_of


@onnx_op("Where", since=9)
def where(b: Builder, condition: ir.Value, x: ir.Value, y: ir.Value) -> ir.Value:
    """One kernel, which broadcasts all three and has every type."""
    return select(b, condition, x, y)


@onnx_op("Trilu", since=14)
def trilu(b: Builder, x: ir.Value, k: ir.Value | None = None, *, upper: int) -> ir.Value:
    """A choice by a constant mask: a product with it would turn the infinities of attention masks into NaN."""
    shape, array = shape_of(x), array_of(x)
    if k is not None and array_of(k) is None:
        return _late_triangle(b, x, reshape(b, cast(b, k, np.int64), ()), "GREATER_EQUAL" if upper else "LESS_EQUAL")
    diagonal = 0 if k is None else constant_ints(k, "k")[0]
    triangle = np.triu if upper else np.tril
    if array is not None:
        return constant(triangle(array, diagonal))
    ones = np.ones((1,) * (len(shape) - 2) + shape[-2:], dtype=bool)
    mask = triangle(ones, diagonal)
    return select(b, b.const(mask), x, b.const(np.zeros((), dtype=dtype_of(x))))


def _late_triangle(b: Builder, x: ir.Value, k: ir.Value, keep: str) -> ir.Value:
    """The entries whose column less their row is on the right side of `k`."""
    rows, columns = shape_of(x)[-2:]
    diagonals = np.arange(columns) - np.arange(rows)[:, None]
    mask = binary(b, keep, b.const(diagonals.reshape((1,) * (rank_of(x) - 2) + (rows, columns)), np.int64), k)
    return select(b, mask, x, b.const(np.zeros((), dtype=dtype_of(x))))
