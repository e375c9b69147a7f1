"""Operators on 8-bit integers: ConvInteger, MatMulInteger, QLinearConv, QLinearMatMul.

Written as float32 arithmetic that gives the same integers, bit by bit; see `make/integer.py` for why it does.
"""

import math
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast
from portproof.exporter.tflite.make.integer import convolution, product
from portproof.exporter.tflite.make.known import calc
from portproof.exporter.tflite.make.movement import reshape
from portproof.exporter.tflite.make.quantize import rounded
from portproof.exporter.tflite.make.window import Window
from portproof.exporter.tflite.ops.conv import check_kernel_shape, conv_window
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import dtype_of, rank_of, shape_of


@onnx_op("ConvInteger", since=10)
def conv_integer(
    b: Builder,
    x: ir.Value,
    w: ir.Value,
    x_zero_point: ir.Value | None = None,
    w_zero_point: ir.Value | None = None,
    *,
    auto_pad: str,
    dilations: Sequence[int] | None,
    group: int,
    kernel_shape: Sequence[int] | None,
    pads: Sequence[int] | None,
    strides: Sequence[int] | None,
) -> ir.Value:
    """To int32."""
    window = _window(x, w, auto_pad, dilations, kernel_shape, pads, strides)
    x_zero = None if x_zero_point is None else _single(b, x_zero_point)
    w_zero = None if w_zero_point is None else _by_output(b, w_zero_point, rank_of(w))
    return convolution(b, x, w, x_zero, w_zero, window, group)


@onnx_op("MatMulInteger", since=10)
def matmul_integer(
    b: Builder,
    x: ir.Value,
    y: ir.Value,
    a_zero_point: ir.Value | None = None,
    b_zero_point: ir.Value | None = None,
) -> ir.Value:
    """To int32; a zero point for each row of A, or column of B, is of rank 1 or like the matrix."""
    left = None if a_zero_point is None else _by_row(b, a_zero_point)
    right = None if b_zero_point is None else _by_column(b, b_zero_point)
    return product(b, x, y, left, right)


@onnx_op("QLinearConv", since=10)
def qlinear_conv(
    b: Builder,
    x: ir.Value,
    x_scale: ir.Value,
    x_zero_point: ir.Value,
    w: ir.Value,
    w_scale: ir.Value,
    w_zero_point: ir.Value,
    y_scale: ir.Value,
    y_zero_point: ir.Value,
    bias: ir.Value | None = None,
    *,
    auto_pad: str,
    dilations: Sequence[int] | None,
    group: int,
    kernel_shape: Sequence[int] | None,
    pads: Sequence[int] | None,
    strides: Sequence[int] | None,
) -> ir.Value:
    """The int32 sum, plus an int32 bias, times x_scale * w_scale / y_scale, rounded half to even."""
    rank = rank_of(w)
    window = _window(x, w, auto_pad, dilations, kernel_shape, pads, strides)
    total = convolution(b, x, w, _single(b, x_zero_point), _by_output(b, w_zero_point, rank), window, group)
    if bias is not None:
        total = calc(b, "ADD", total, _with_shape(b, bias, (1, -1, *(1,) * (rank - 2))))
    factor = _factor(b, x_scale, _with_shape(b, w_scale, (1, -1, *(1,) * (rank - 2))), y_scale)
    steps = calc(b, "MUL", cast(b, total, np.float32), factor)
    return rounded(b, steps, _single(b, y_zero_point), dtype_of(y_zero_point))


@onnx_op("QLinearMatMul", since=10)
def qlinear_matmul(
    b: Builder,
    x: ir.Value,
    a_scale: ir.Value,
    a_zero_point: ir.Value,
    y: ir.Value,
    b_scale: ir.Value,
    b_zero_point: ir.Value,
    y_scale: ir.Value,
    y_zero_point: ir.Value,
) -> ir.Value:
    """The int32 sum times a_scale * b_scale / y_scale, rounded half to even."""
    total = product(b, x, y, _by_row(b, a_zero_point), _by_column(b, b_zero_point))
    factor = _factor(b, _by_row(b, a_scale), _by_column(b, b_scale), _by_row(b, y_scale))
    steps = calc(b, "MUL", cast(b, total, np.float32), factor)
    return rounded(b, steps, _by_row(b, y_zero_point), dtype_of(y_zero_point))


def _window(
    x: ir.Value,
    w: ir.Value,
    auto_pad: str,
    dilations: Sequence[int] | None,
    kernel_shape: Sequence[int] | None,
    pads: Sequence[int] | None,
    strides: Sequence[int] | None,
) -> Window:
    spatial = rank_of(x) - 2
    check_kernel_shape(w, kernel_shape)
    stride, dilation = tuple(strides or (1,) * spatial), tuple(dilations or (1,) * spatial)
    return conv_window(x, w, auto_pad, pads, stride, dilation)


def _factor(b: Builder, x_scale: ir.Value, y_scale: ir.Value, out_scale: ir.Value) -> ir.Value:
    """x_scale * y_scale / out_scale as float32, rounded after each step to the type that the scales have."""
    dtype = dtype_of(x_scale)
    if dtype.name not in ("float32", "float16"):
        raise Refusal(f"scales of type {dtype.name}", "give scales as float32")
    both = cast(b, calc(b, "MUL", *(cast(b, scale, np.float32) for scale in (x_scale, y_scale))), dtype)
    factor = calc(b, "DIV", *(cast(b, scale, np.float32) for scale in (both, out_scale)))
    return cast(b, cast(b, factor, dtype), np.float32)


def _single(b: Builder, parameter: ir.Value) -> ir.Value:
    """A parameter of one element as a scalar."""
    if shape_of(parameter) not in ((), (1,)):
        raise Refusal(f"a parameter of shape {shape_of(parameter)} where one number belongs")
    return reshape(b, parameter, ())


def _by_output(b: Builder, parameter: ir.Value, rank: int) -> ir.Value:
    """One number, or one for each output channel of weights [O, _, kernel...]."""
    return _with_shape(b, parameter, (-1, *(1,) * (rank - 1)))


def _by_row(b: Builder, parameter: ir.Value) -> ir.Value:
    """One number, one for each row [M], or [..., M, 1] already."""
    return parameter if rank_of(parameter) > 1 else _with_shape(b, parameter, (-1, 1))


def _by_column(b: Builder, parameter: ir.Value) -> ir.Value:
    """One number, one for each column [N], or [..., 1, N] already."""
    return parameter if rank_of(parameter) > 1 else _with_shape(b, parameter, (-1,))


def _with_shape(b: Builder, parameter: ir.Value, shape: Sequence[int]) -> ir.Value:
    """A parameter of rank 1 in `shape`, where -1 stands for its size; one element becomes a scalar."""
    count = math.prod(shape_of(parameter))
    return reshape(b, parameter, () if count == 1 else [count if size < 0 else size for size in shape])
