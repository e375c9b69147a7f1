"""Matrix products: FULLY_CONNECTED where the right operand is constant, BATCH_MATMUL, sums of products for integers."""

import math
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast, reduce
from portproof.exporter.tflite.make.movement import broadcast_to, reshape, to_rank, transpose
from portproof.exporter.tflite.make.widened import FLOAT, INTS, widened
from portproof.exporter.tflite.values import Array, constant, dtype_of, is_constant, rank_of, shape_of

_LARGEST_RANK = 5
"""Of the portable BATCH_MATMUL kernel (`batch_matmul.cc`); XNNPACK has more."""


def matmul(b: Builder, x: ir.Value, y: ir.Value) -> ir.Value:
    """numpy's `matmul`: vectors are rows or columns, leading axes broadcast.

    Raises:
        Refusal: float64 or uint64.
    """
    if rank_of(y) == 1:
        column = matmul(b, x, reshape(b, y, (*shape_of(y), 1)))
        return reshape(b, column, shape_of(column)[:-1])
    if rank_of(x) == 1:
        row = matmul(b, reshape(b, x, (1, *shape_of(x))), y)
        return reshape(b, row, (*shape_of(row)[:-2], shape_of(row)[-1]))
    if dtype_of(x).kind in "iu":
        return widened(b, INTS, [x, y], lambda p, q: _integer(b, p, q))
    if is_constant(y) and rank_of(y) == 2:
        return widened(b, FLOAT, [x], lambda p: fully_connected(b, p, transpose(b, y, (1, 0))))
    return widened(b, FLOAT, [x, y], lambda p, q: batch_matmul(b, p, q))


def fully_connected(b: Builder, x: ir.Value, weights: Array | ir.Value, bias: Array | None = None) -> ir.Value:
    """x[..., K] times constant weights[N, K], plus bias[N], float32; no bias is written as zeros for old runtimes."""
    weights = weights if isinstance(weights, ir.Value) else constant(np.asarray(weights))
    size = shape_of(weights)[0]
    bias = np.zeros(size, np.float32) if bias is None else bias
    operands = [x, cast(b, weights, np.float32), b.const(bias, np.float32)]
    return b.emit(
        "FULLY_CONNECTED",
        operands,
        shape=(*shape_of(x)[:-1], size),
        dtype=np.float32,
        keep_num_dims=rank_of(x) > 2,
    )


def batch_matmul(b: Builder, x: ir.Value, y: ir.Value, *, adj_x: bool = False, adj_y: bool = False) -> ir.Value:
    """x[..., M, K] times y[..., K, N], float32, rank 2 at least; `adj_x`: x[..., K, M], `adj_y`: y[..., N, K]."""
    batch = np.broadcast_shapes(shape_of(x)[:-2], shape_of(y)[:-2])
    rank = len(batch) + 2
    rows, columns = shape_of(x)[-1 if adj_x else -2], shape_of(y)[-2 if adj_y else -1]
    operands = [to_rank(b, value, rank) for value in (x, y)]
    inner = batch
    if rank > _LARGEST_RANK:
        operands = [_one_batch_axis(b, value, batch) for value in operands]
        inner = (math.prod(batch),)
    product = b.emit(
        "BATCH_MATMUL", operands, shape=(*inner, rows, columns), dtype=np.float32, adj_x=adj_x, adj_y=adj_y
    )
    return reshape(b, product, (*batch, rows, columns))


def _one_batch_axis(b: Builder, x: ir.Value, batch: Sequence[int]) -> ir.Value:
    matrix = shape_of(x)[-2:]
    return reshape(b, broadcast_to(b, x, (*batch, *matrix)), (math.prod(batch), *matrix))


def _integer(b: Builder, x: ir.Value, y: ir.Value) -> ir.Value:
    """There is no integer kernel without scales: the products are spread out and summed, which is exact."""
    rank = max(rank_of(x), rank_of(y))
    x, y = to_rank(b, x, rank), to_rank(b, y, rank)
    spread = binary(
        b, "MUL", reshape(b, x, (*shape_of(x), 1)), reshape(b, y, (*shape_of(y)[:-2], 1, *shape_of(y)[-2:]))
    )
    return reduce(b, "SUM", spread, [rank - 1], keepdims=False)
