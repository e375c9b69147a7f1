"""DeformConv: a convolution whose taps are moved by offsets, each read between the entries of the image."""

import math
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast
from portproof.exporter.tflite.make.convolution import split_groups
from portproof.exporter.tflite.make.floats import as_float32
from portproof.exporter.tflite.make.interpolate import Tap, interpolate, linear_taps
from portproof.exporter.tflite.make.known import calc, clip
from portproof.exporter.tflite.make.matmul import matmul
from portproof.exporter.tflite.make.movement import channels_first, concat, pad, reshape, slice_, transpose
from portproof.exporter.tflite.make.window import Window, resolve_pads
from portproof.exporter.tflite.ops.conv import check_kernel_shape
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import dtype_of, rank_of, shape_of


@onnx_op("DeformConv", since=19, note="2-D")
def deform_conv(
    b: Builder,
    x: ir.Value,
    w: ir.Value,
    offset: ir.Value,
    bias: ir.Value | None = None,
    mask: ir.Value | None = None,
    *,
    dilations: Sequence[int] | None,
    group: int,
    kernel_shape: Sequence[int] | None,
    offset_group: int,
    pads: Sequence[int] | None,
    strides: Sequence[int] | None,
) -> ir.Value:
    """x: [N, C, H, W], w: [O, C / group, kernel...]; an offset and a mask for each tap, place and offset group."""
    if rank_of(x) != 4:
        raise Refusal(f"{rank_of(x) - 2} spatial axes", "merge axes with a reshape")
    check_kernel_shape(w, kernel_shape)
    dtype = dtype_of(x)
    size, kernel, stride, dilation = shape_of(x)[2:], shape_of(w)[2:], strides or [1, 1], dilations or [1, 1]
    ends = tuple(resolve_pads("NOTSET", pads, size, kernel, stride))
    window = Window(size=size, kernel=kernel, stride=tuple(stride), dilation=tuple(dilation), pads=ends)
    samples = _samples(b, as_float32(b, x, "DeformConv"), as_float32(b, offset, "DeformConv"), window, offset_group)
    if mask is not None:
        weight = reshape(b, as_float32(b, mask, "DeformConv"), (*shape_of(samples)[:-1], 1))
        samples = binary(b, "MUL", samples, weight)
    y = _multiplied(b, samples, as_float32(b, w, "DeformConv"), group)
    y = y if bias is None else binary(b, "ADD", y, as_float32(b, bias, "DeformConv"))
    y = reshape(b, y, (shape_of(x)[0], *window.out, shape_of(w)[0]))
    return cast(b, channels_first(b, y), dtype)


def _samples(b: Builder, x: ir.Value, offset: ir.Value, window: Window, groups: int) -> ir.Value:
    """[N, offset groups, taps, height, width, C / offset groups], of an image in a frame of zeros."""
    n, channels, height, width = shape_of(x)
    parts, taps = channels // groups, math.prod(window.kernel)
    framed = (height + 2, width + 2)
    image = pad(b, reshape(b, x, (n, groups, parts, height, width)), [(0, 0)] * 3 + [(1, 1)] * 2)
    rows = reshape(b, transpose(b, image, (0, 1, 3, 4, 2)), (n * groups * math.prod(framed), parts))
    moves = reshape(b, offset, (n * groups * taps, 2, *window.out))
    axes = []
    for axis, size in enumerate(window.size):
        move = slice_(b, moves, (0, axis, 0, 0), (n * groups * taps, 1, *window.out))
        place = calc(b, "ADD", reshape(b, move, (n, groups, taps, *window.out)), _base(b, window, axis))
        pair = linear_taps(b, place)
        axes.append([Tap(place=calc(b, "ADD", clip(b, t.place, -1, size), 1), weight=t.weight) for t in pair])
    first = np.arange(n * groups).reshape(n, groups, 1, 1, 1) * math.prod(framed)
    return interpolate(b, rows, axes, framed, b.const(first, np.int32))


def _base(b: Builder, window: Window, axis: int) -> ir.Value:
    """Where each tap lies without its offset, along one axis: [1, 1, taps, height, width] with sizes of 1."""
    taps = np.indices(window.kernel)[axis].reshape(-1, 1, 1) * window.dilation[axis]
    steps = np.arange(window.out[axis]) * window.stride[axis] - window.pads[axis][0]
    places = taps + steps.reshape((-1, 1) if axis == 0 else (1, -1))
    return b.const(places[None, None], np.float32)


def _multiplied(b: Builder, samples: ir.Value, w: ir.Value, group: int) -> ir.Value:
    """The samples of each place times the weights of each group: [N * height * width, O]."""
    n, groups, taps, height, width, parts = shape_of(samples)
    columns = reshape(b, transpose(b, samples, (0, 3, 4, 1, 5, 2)), (n * height * width, groups * parts * taps))
    outputs, inputs = shape_of(w)[:2]
    weights = reshape(b, w, (outputs, inputs * taps))
    pairs = zip(split_groups(b, columns, 1, group), split_groups(b, weights, 0, group), strict=True)
    return concat(b, [matmul(b, xs, transpose(b, ws, (1, 0))) for xs, ws in pairs], 1)
