"""Convolutions over 1 to 3 axes, given in ONNX's axes: CONV_2D, DEPTHWISE_CONV_2D and CONV_3D."""

from dataclasses import replace

import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary
from portproof.exporter.tflite.make.movement import (
    channels_first,
    channels_last,
    concat,
    every,
    pad,
    pad_or_crop,
    reshape,
    slice_,
    transpose,
)
from portproof.exporter.tflite.make.window import Window
from portproof.exporter.tflite.values import array_of, shape_of


def convolve(b: Builder, x: ir.Value, w: ir.Value, bias: ir.Value | None, window: Window, group: int) -> ir.Value:
    """The convolution of ONNX's Conv.

    Args:
        b: the builder.
        x: float32 [N, C, spatial...].
        w: float32 [O, C / group, kernel...].
        bias: float32 [O], or None for zeros.
        window: the spatial part; a negative pad cuts the input.
        group: into how many parts the channels are divided.

    Returns:
        float32 [N, O, window.out...].

    Raises:
        Refusal: no kernel takes this many axes.
    """
    if any(width < 0 for ends in window.pads for width in ends):
        x, window = _padded(b, x, window)
    spatial = len(window.size)
    if spatial == 1:
        return _conv_1d(b, x, w, bias, window, group)
    if spatial == 2:
        return _conv_2d(b, x, w, bias, window, group)
    if spatial == 3:
        return _conv_3d_groups(b, x, w, bias, window, group)
    raise Refusal(f"TFLite convolves over 1 to 3 axes, not {spatial}", "merge axes with a reshape")


def _padded(b: Builder, x: ir.Value, window: Window) -> tuple[ir.Value, Window]:
    """The input padded and, where a pad is negative, cropped; a window without pads for it."""
    x = pad_or_crop(b, x, [(0, 0), (0, 0), *window.pads])
    return x, replace(window, size=shape_of(x)[2:], pads=((0, 0),) * len(window.size))


def split_groups(b: Builder, x: ir.Value, axis: int, group: int) -> list[ir.Value]:
    """`x` cut into `group` equal parts along `axis`."""
    shape = list(shape_of(x))
    step = shape[axis] // group
    size = [*shape[:axis], step, *shape[axis + 1 :]]
    starts = [[0] * axis + [part * step] + [0] * (len(shape) - axis - 1) for part in range(group)]
    return [slice_(b, x, start, size) for start in starts]


def _conv_1d(b: Builder, x: ir.Value, w: ir.Value, bias: ir.Value | None, window: Window, group: int) -> ir.Value:
    """A 2-D convolution over a height of 1."""
    n, c, length = shape_of(x)
    o, i, k = shape_of(w)
    x, w = reshape(b, x, (n, c, 1, length)), reshape(b, w, (o, i, 1, k))
    return reshape(b, _conv_2d(b, x, w, bias, window.with_height(), group), (n, o, *window.out))


def _conv_2d(b: Builder, x: ir.Value, w: ir.Value, bias: ir.Value | None, window: Window, group: int) -> ir.Value:
    x = channels_last(b, x)
    padding = window.padding()
    if padding is None:
        x, padding = pad(b, x, [(0, 0), *window.pads, (0, 0)]), "VALID"
    outputs, inputs = shape_of(w)[:2]
    depthwise = group > 1 and inputs == 1
    options = {
        "padding": padding,
        "stride_h": window.stride[0],
        "stride_w": window.stride[1],
        "dilation_h_factor": window.dilation[0],
        "dilation_w_factor": window.dilation[1],
    }
    if depthwise:
        options["depth_multiplier"] = outputs // group
    y = b.emit(
        "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D",
        [x, transpose(b, w, (1, 2, 3, 0) if depthwise else (0, 2, 3, 1)), _bias(b, bias, outputs)],
        shape=(shape_of(x)[0], *window.out, outputs),
        dtype="float32",
        **options,
    )
    return channels_first(b, y)


def _bias(b: Builder, bias: ir.Value | None, outputs: int) -> ir.Value:
    """The kernels' bias is written even when it is zero: a file without one needs a newer runtime."""
    return b.const([0.0] * outputs, "float32") if bias is None else bias


def _conv_3d_groups(
    b: Builder, x: ir.Value, w: ir.Value, bias: ir.Value | None, window: Window, group: int
) -> ir.Value:
    """CONV_3D has no groups: each is a convolution of its own."""
    if array_of(w) is None:
        return _conv_3d_by_planes(b, x, w, bias, window, group)
    bias = _bias(b, bias, shape_of(w)[0])
    parts = zip(
        split_groups(b, x, 1, group), split_groups(b, w, 0, group), split_groups(b, bias, 0, group), strict=True
    )
    return concat(b, [_conv_3d(b, xs, ws, biases, window) for xs, ws, biases in parts], 1)


def _conv_3d_by_planes(
    b: Builder, x: ir.Value, w: ir.Value, bias: ir.Value | None, window: Window, group: int
) -> ir.Value:
    """CONV_3D takes constant weights only: one convolution over two axes for each tap of the first, added up."""
    x = pad(b, x, [(0, 0), (0, 0), window.pads[0], (0, 0), (0, 0)])
    plane = Window(
        size=window.size[1:],
        kernel=window.kernel[1:],
        stride=window.stride[1:],
        dilation=window.dilation[1:],
        pads=window.pads[1:],
    )
    (n, c), depth, total = shape_of(x)[:2], window.out[0], None
    for tap in range(window.kernel[0]):
        cut = every(b, x, 2, start=tap * window.dilation[0], step=window.stride[0], count=depth)
        images = reshape(b, transpose(b, cut, (0, 2, 1, 3, 4)), (n * depth, c, *window.size[1:]))
        weights = slice_(b, w, [0, 0, tap, 0, 0], [*shape_of(w)[:2], 1, *window.kernel[1:]])
        weights = reshape(b, weights, (*shape_of(w)[:2], *window.kernel[1:]))
        part = convolve(b, images, weights, bias if total is None else None, plane, group)
        total = part if total is None else binary(b, "ADD", total, part)
    if total is None:
        raise Refusal("a kernel of no size")
    outputs = shape_of(w)[0]
    return transpose(b, reshape(b, total, (n, depth, outputs, *plane.out)), (0, 2, 1, 3, 4))


def _conv_3d(b: Builder, x: ir.Value, w: ir.Value, bias: ir.Value, window: Window) -> ir.Value:
    x = channels_last(b, x)
    padding = window.padding()
    if padding is None:
        x, padding = pad(b, x, [(0, 0), *window.pads, (0, 0)]), "VALID"
    options = {
        f"{name}_{axis}{suffix}": value
        for name, suffix, values in (("stride", "", window.stride), ("dilation", "_factor", window.dilation))
        for axis, value in zip("dhw", values, strict=True)
    }
    y = b.emit(
        "CONV_3D",
        [x, transpose(b, w, (2, 3, 4, 1, 0)), bias],
        shape=(shape_of(x)[0], *window.out, shape_of(w)[0]),
        dtype="float32",
        padding=padding,
        **options,
    )
    return channels_first(b, y)
