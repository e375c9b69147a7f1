"""Softmax, LogSoftmax and Hardmax: the kernels work along the last axis."""

import math
from collections.abc import Callable

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.axes import resolve_axis
from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import unary
from portproof.exporter.tflite.make.movement import reshape, transpose
from portproof.exporter.tflite.make.widened import FLOAT, widened
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import dtype_of, rank_of, shape_of


@onnx_op("Softmax", "LogSoftmax", "Hardmax")
def softmax_1(b: Builder, x: ir.Value, *, axis: int, op_type: str) -> ir.Value:
    """Up to opset 12 the axes from `axis` on are taken as one."""
    shape = shape_of(x)
    axis = resolve_axis(axis, len(shape)) if axis < 0 else axis
    if axis > len(shape):
        raise Refusal(f"axis {axis} of a tensor of rank {len(shape)}")
    if axis == len(shape) - 1:
        return softmax(b, x, axis=axis, op_type=op_type)
    flat = reshape(b, x, (math.prod(shape[:axis]), math.prod(shape[axis:])))
    return reshape(b, softmax(b, flat, axis=1, op_type=op_type), shape)


@onnx_op("Softmax", "LogSoftmax", "Hardmax", since=13)
def softmax(b: Builder, x: ir.Value, *, axis: int, op_type: str) -> ir.Value:
    """Along any axis, moved to the end and back."""
    return widened(b, FLOAT, [x], lambda p: _along(b, p, axis, lambda last: _LAST[op_type](b, last)))


def _along(b: Builder, x: ir.Value, axis: int, compute: Callable[[ir.Value], ir.Value]) -> ir.Value:
    rank = rank_of(x)
    if rank == 0:
        return reshape(b, compute(reshape(b, x, (1,))), ())
    last = resolve_axis(axis, rank)
    order = [*(other for other in range(rank) if other != last), last]
    return transpose(b, compute(transpose(b, x, order)), [int(place) for place in np.argsort(order)])


def _softmax(b: Builder, x: ir.Value) -> ir.Value:
    return unary(b, "SOFTMAX", x, beta=1.0)


def _log_softmax(b: Builder, x: ir.Value) -> ir.Value:
    return unary(b, "LOG_SOFTMAX", x)


def _hardmax(b: Builder, x: ir.Value) -> ir.Value:
    """1 at the first maximum; both kernels count from 0, and ARG_MAX takes the first."""
    *rest, size = shape_of(x)
    index = b.emit("ARG_MAX", [x, b.ints([len(rest)])], shape=rest, dtype=np.int32, output_type="INT32")
    dtype = dtype_of(x)
    parameters = [b.const(size, np.int32), b.const(1, dtype), b.const(0, dtype)]
    return b.emit("ONE_HOT", [index, *parameters], shape=(*rest, size), dtype=dtype, axis=-1)


_LAST = {"Softmax": _softmax, "LogSoftmax": _log_softmax, "Hardmax": _hardmax}
