"""MatMul and Gemm."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.integer.record import integers_of, rescaled
from portproof.exporter.tflite.make.arithmetic import binary, cast
from portproof.exporter.tflite.make.known import calc
from portproof.exporter.tflite.make.matmul import batch_matmul, fully_connected, matmul
from portproof.exporter.tflite.make.movement import transpose
from portproof.exporter.tflite.make.widened import FLOAT, widened
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, dtype_of, is_constant, shape_of


@onnx_op("MatMul", note="not uint64")
def matmul_(b: Builder, x: ir.Value, y: ir.Value) -> ir.Value:
    """As numpy's, for all ranks."""
    return matmul(b, x, y)


@onnx_op("Gemm", note="integers only with alpha and beta of 1")
def gemm_1(
    b: Builder,
    x: ir.Value,
    y: ir.Value,
    c: ir.Value | None = None,
    *,
    alpha: float,
    beta: float,
    broadcast: int,
    transA: int,  # noqa: N803 (ONNX's name)
    transB: int,  # noqa: N803
) -> ir.Value:
    """Up to opset 6: `broadcast` allows what later is always allowed."""
    return gemm(b, x, y, c, alpha=alpha, beta=beta, transA=transA, transB=transB)


@onnx_op("Gemm", since=7, note="integers only with alpha and beta of 1")
def gemm(
    b: Builder,
    x: ir.Value,
    y: ir.Value,
    c: ir.Value | None = None,
    *,
    alpha: float,
    beta: float,
    transA: int,  # noqa: N803
    transB: int,  # noqa: N803
) -> ir.Value:
    """Alpha A' B' + beta C, where ' is a transposition or nothing and C is broadcast to the product."""
    if beta == 0:
        c = None
    if dtype_of(x).kind in "iu":
        return _integer(b, x, y, c, alpha, beta, bool(transA), bool(transB))
    a = transpose(b, x, (1, 0)) if transA else x
    if is_constant(y):
        rows = cast(b, y if transB else transpose(b, y, (1, 0)), np.float32)
        return widened(b, FLOAT, [a], lambda p: _constant(b, p, rows, c, alpha, beta))
    return widened(b, FLOAT, [x, y], lambda p, q: _run_time(b, p, q, c, alpha, beta, bool(transA), bool(transB)))


def _constant(b: Builder, x: ir.Value, rows: ir.Value, c: ir.Value | None, alpha: float, beta: float) -> ir.Value:
    """Alpha goes into the weights, a constant C that is the same for each row into the bias."""
    if alpha != 1:
        quantized = integers_of(rows) is not None
        rows = rescaled(rows, np.arange(shape_of(rows)[0]), alpha) if quantized else calc(b, "MUL", rows, alpha)
    bias = array_of(c)
    if bias is not None and (bias.ndim < 2 or bias.shape[0] == 1):
        flat = np.broadcast_to(bias.reshape(-1), shape_of(rows)[:1])
        return fully_connected(b, x, rows, flat.astype(np.float32) * np.float32(beta))
    return _plus(b, fully_connected(b, x, rows), c, beta)


def _run_time(
    b: Builder,
    x: ir.Value,
    y: ir.Value,
    c: ir.Value | None,
    alpha: float,
    beta: float,
    adj_x: bool,
    adj_y: bool,
) -> ir.Value:
    product = batch_matmul(b, x, y, adj_x=adj_x, adj_y=adj_y)
    return _plus(b, product if alpha == 1 else binary(b, "MUL", product, alpha), c, beta)


def _plus(b: Builder, product: ir.Value, c: ir.Value | None, beta: float) -> ir.Value:
    if c is None:
        return product
    c = cast(b, c, dtype_of(product))
    array = array_of(c)
    if beta != 1:
        c = binary(b, "MUL", c, beta) if array is None else b.const(array * np.float32(beta), array.dtype)
    return binary(b, "ADD", product, c)


def _integer(
    b: Builder,
    x: ir.Value,
    y: ir.Value,
    c: ir.Value | None,
    alpha: float,
    beta: float,
    flip_x: bool,
    flip_y: bool,
) -> ir.Value:
    if alpha != 1 or (c is not None and beta != 1):
        raise Refusal(f"integers with alpha {alpha} and beta {beta}", "use alpha=1 and beta=1, or float32")
    x, y = (transpose(b, value, (1, 0)) if flip else value for value, flip in ((x, flip_x), (y, flip_y)))
    product = matmul(b, x, y)
    return _plus(b, product, c, 1)
