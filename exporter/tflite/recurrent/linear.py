"""Products with weights that may be constant or computed at run time, and equal parts of the last axis."""

import math
from collections.abc import Sequence

import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary
from portproof.exporter.tflite.make.matmul import batch_matmul, fully_connected
from portproof.exporter.tflite.make.movement import reshape, slice_
from portproof.exporter.tflite.values import array_of, constant, dtype_of, shape_of


def linear(b: Builder, x: ir.Value, weights: ir.Value, bias: ir.Value | None = None) -> ir.Value:
    """x[..., K] times weights[N, K], plus bias[N]; all float32."""
    held, added = array_of(weights), array_of(bias)
    if held is not None and (bias is None or added is not None):
        return fully_connected(b, x, held, added)
    flat = reshape(b, x, (math.prod(shape_of(x)[:-1]), shape_of(x)[-1]))
    product = batch_matmul(b, flat, weights, adj_y=True)
    whole = reshape(b, product, (*shape_of(x)[:-1], shape_of(weights)[0]))
    return whole if bias is None else binary(b, "ADD", whole, bias)


def total(b: Builder, first: ir.Value | None, second: ir.Value | None) -> ir.Value | None:
    """The sum of two vectors, either of which may be missing; of constants a constant."""
    if first is None or second is None:
        return second if first is None else first
    arrays = array_of(first), array_of(second)
    if arrays[0] is not None and arrays[1] is not None:
        return constant(arrays[0] + arrays[1])
    return binary(b, "ADD", first, second)


def rows(b: Builder, x: ir.Value | None, begin: int, count: int) -> ir.Value | None:
    """`count` entries of axis 0 from `begin` on."""
    if x is None:
        return None
    shape = shape_of(x)
    return slice_(b, x, [begin] + [0] * (len(shape) - 1), (count, *shape[1:]))


def split_last(b: Builder, x: ir.Value, parts: int) -> Sequence[ir.Value]:
    """`x` in equal parts of its last axis; SPLIT into 2 to 4 is one of XNNPACK's operators."""
    shape = shape_of(x)
    part = (*shape[:-1], shape[-1] // parts)
    axis = b.const(len(shape) - 1, "int32")
    return b.emit_many("SPLIT", [axis, x], outputs=[(part, dtype_of(x))] * parts, num_splits=parts)
