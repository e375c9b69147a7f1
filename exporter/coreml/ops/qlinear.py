"""Operators on 8-bit integers: ConvInteger, MatMulInteger, QLinearConv, QLinearMatMul."""

import math
from collections.abc import Sequence

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary
from portproof.exporter.coreml.make.convolution import reach_of, spread
from portproof.exporter.coreml.make.movement import reshape
from portproof.exporter.coreml.make.products import Steps, convolution, difference
from portproof.exporter.coreml.make.quantize import rounded
from portproof.exporter.coreml.make.windows import padding
from portproof.exporter.coreml.make.wrapping import output_type
from portproof.exporter.coreml.ops.conv import check_kernel_shape
from portproof.exporter.coreml.ops.matmul import matmul
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, array_of, dtype_of, rank_of, shape_of
from portproof.exporter.lowering.refusal import Refusal


@onnx_op("ConvInteger", since=10)
def conv_integer(
    b: Builder,
    x: Var,
    w: Var,
    x_zero_point: Var | None = None,
    w_zero_point: Var | None = None,
    *,
    auto_pad: str,
    dilations: Sequence[int] | None,
    group: int,
    kernel_shape: Sequence[int] | None,
    pads: Sequence[int] | None,
    strides: Sequence[int] | None,
) -> Var:
    """To int32."""
    check_kernel_shape(w, kernel_shape)
    data = difference(b, x, None if x_zero_point is None else _single(b, x_zero_point))
    weights = difference(b, w, None if w_zero_point is None else _by_output(b, w_zero_point, rank_of(w)))
    stride, dilation = (list(given or [1] * (rank_of(x) - 2)) for given in (strides, dilations))
    pad = padding(x, auto_pad, pads, reach_of(w, dilation), stride)
    if array_of(weights) is None and any(d > 1 for d in dilation):
        weights, dilation = spread(b, weights, dilation), [1] * len(dilation)
    return convolution(b, data, weights, Steps(stride=stride, dilation=dilation, pad=pad), group)


@onnx_op("MatMulInteger", since=10)
def matmul_integer(b: Builder, x: Var, y: Var, a_zero_point: Var | None = None, b_zero_point: Var | None = None) -> Var:
    """To int32; a zero point for each row of A, or column of B, is of rank 1 or like the matrix."""
    left = difference(b, x, None if a_zero_point is None else _by_row(b, a_zero_point))
    right = difference(b, y, None if b_zero_point is None else _by_column(b, b_zero_point))
    return matmul(b, left, right)


@onnx_op("QLinearConv", since=10)
def qlinear_conv(
    b: Builder,
    x: Var,
    x_scale: Var,
    x_zero_point: Var,
    w: Var,
    w_scale: Var,
    w_zero_point: Var,
    y_scale: Var,
    y_zero_point: Var,
    bias: Var | None = None,
    *,
    auto_pad: str,
    dilations: Sequence[int] | None,
    group: int,
    kernel_shape: Sequence[int] | None,
    pads: Sequence[int] | None,
    strides: Sequence[int] | None,
) -> Var:
    """The int32 sum, plus an int32 bias, times x_scale * w_scale / y_scale, rounded half to even."""
    total = conv_integer(
        b,
        x,
        w,
        x_zero_point,
        w_zero_point,
        auto_pad=auto_pad,
        dilations=dilations,
        group=group,
        kernel_shape=kernel_shape,
        pads=pads,
        strides=strides,
    )
    channels = (1, -1, *(1,) * (rank_of(w) - 2))
    if bias is not None:
        total = binary(b, "add", total, _with_shape(b, bias, channels))
    return _requantized(b, total, x_scale, _with_shape(b, w_scale, channels), y_scale, _single(b, y_zero_point))


@onnx_op("QLinearMatMul", since=10)
def qlinear_matmul(
    b: Builder,
    x: Var,
    a_scale: Var,
    a_zero_point: Var,
    y: Var,
    b_scale: Var,
    b_zero_point: Var,
    y_scale: Var,
    y_zero_point: Var,
) -> Var:
    """The int32 sum times a_scale * b_scale / y_scale, rounded half to even."""
    total = matmul_integer(b, x, y, a_zero_point, b_zero_point)
    return _requantized(
        b, total, _by_row(b, a_scale), _by_column(b, b_scale), _by_row(b, y_scale), _by_row(b, y_zero_point)
    )


def _requantized(b: Builder, total: Var, x_scale: Var, y_scale: Var, out_scale: Var, zero_point: Var) -> Var:
    """`total` in steps of `out_scale`; the factor is rounded after each step to the type that the scales have."""
    dtype = output_type(b)
    if dtype is None or dtype_of(x_scale) not in ("float32", "float16"):
        raise Refusal(f"scales of type {dtype_of(x_scale)}", "give scales as float32")
    with b.exactly():
        factor = binary(b, "real_div", binary(b, "mul", x_scale, y_scale), out_scale)
        steps = binary(b, "mul", b.cast(total, "float32"), b.cast(factor, "float32"))
        return rounded(b, steps, zero_point, np.dtype(dtype))


def _single(b: Builder, parameter: Var) -> Var:
    """A parameter of one element as a scalar."""
    if shape_of(parameter) not in ((), (1,)):
        raise Refusal(f"a parameter of shape {shape_of(parameter)} where one number belongs")
    return reshape(b, parameter, ())


def _by_output(b: Builder, parameter: Var, rank: int) -> Var:
    """One number, or one for each output channel of weights [O, _, kernel...]."""
    return _with_shape(b, parameter, (-1, *(1,) * (rank - 1)))


def _by_row(b: Builder, parameter: Var) -> Var:
    """One number, one for each row [M], or [..., M, 1] already."""
    return parameter if rank_of(parameter) > 1 else _with_shape(b, parameter, (-1, 1))


def _by_column(b: Builder, parameter: Var) -> Var:
    """One number, one for each column [N], or [..., 1, N] already."""
    return parameter if rank_of(parameter) > 1 else _with_shape(b, parameter, (-1,))


def _with_shape(b: Builder, parameter: Var, shape: Sequence[int]) -> Var:
    """A parameter of rank 1 in `shape`, where -1 stands for its size; one element becomes a scalar."""
    count = math.prod(shape_of(parameter))
    return reshape(b, parameter, () if count == 1 else [count if size < 0 else size for size in shape])
