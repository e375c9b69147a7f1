"""Pools over any number of axes as pools over two, for reductions that may be done axis by axis."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.movement import channels_first, channels_last, pad, reshape
from portproof.exporter.tflite.make.window import Window
from portproof.exporter.tflite.values import dtype_of, shape_of

Axes = Sequence[int | None]
Pool2d = Callable[[Builder, ir.Value, Window, Axes], ir.Value]
"""Pools [N, H, W, C] with a window over two axes; `Axes` are their numbers among the spatial axes, None for one of
size 1 that was put in."""


def pool(b: Builder, x: ir.Value, window: Window, pool_2d: Pool2d) -> ir.Value:
    """Pools [N, C, spatial...] with `pool_2d` as often as it takes.

    A maximum, a sum or a mean over a box is one over its rows of one over its columns.
    """
    if len(window.size) == 1:
        n, c, length = shape_of(x)
        x = channels_last(b, reshape(b, x, (n, c, 1, length)))
        y = channels_first(b, pool_2d(b, x, _over(window, (None, 0)), (None, 0)))
        return reshape(b, y, (n, c, *window.out))
    x = channels_last(b, x)
    for end in range(len(window.size), 0, -2):
        x = _pool_axes(b, x, window, (end - 2 if end > 1 else None, end - 1), pool_2d)
    return channels_first(b, x)


def _pool_axes(b: Builder, x: ir.Value, window: Window, axes: tuple[int | None, int], pool_2d: Pool2d) -> ir.Value:
    """Pools one or two neighbouring axes of [N, spatial..., C]: those before join N, those behind join C."""
    shape, part = shape_of(x), _over(window, axes)
    first, end = axes[1] if axes[0] is None else axes[0], axes[1] + 1
    front, behind = shape[: first + 1], shape[end + 1 :]
    y = pool_2d(b, reshape(b, x, (math.prod(front), *part.size, math.prod(behind))), part, axes)
    return reshape(b, y, (*front, *window.out[first:end], *behind))


def _over(window: Window, axes: Axes) -> Window:
    """The window over the given axes only; None stands for an axis of size 1."""
    return Window(
        size=tuple(1 if axis is None else window.size[axis] for axis in axes),
        kernel=tuple(1 if axis is None else window.kernel[axis] for axis in axes),
        stride=tuple(1 if axis is None else window.stride[axis] for axis in axes),
        dilation=tuple(1 if axis is None else window.dilation[axis] for axis in axes),
        pads=tuple((0, 0) if axis is None else window.pads[axis] for axis in axes),
    )


def kernel_2d(b: Builder, op: str, x: ir.Value, window: Window, padding: str) -> ir.Value:
    """One pooling operator on [N, H, W, C]; `padding` is SAME or VALID, and `window.out` is what it gives."""
    shape = (shape_of(x)[0], *window.out, shape_of(x)[3])
    return b.emit(
        op,
        [x],
        shape=shape,
        dtype=dtype_of(x),
        padding=padding,
        stride_h=window.stride[0],
        stride_w=window.stride[1],
        filter_height=window.kernel[0],
        filter_width=window.kernel[1],
    )


def sum_2d(b: Builder, x: ir.Value, window: Window) -> ir.Value:
    """The sum of [N, H, W, C] float32 under each window: a depthwise convolution with ones, which may be dilated."""
    padding = window.padding()
    if padding is None:
        x, padding = pad(b, x, [(0, 0), *window.pads, (0, 0)]), "VALID"
    n, _, _, channels = shape_of(x)
    return b.emit(
        "DEPTHWISE_CONV_2D",
        [x, b.const(np.ones((1, *window.kernel, channels), np.float32)), b.const(np.zeros(channels, np.float32))],
        shape=(n, *window.out, channels),
        dtype="float32",
        padding=padding,
        stride_h=window.stride[0],
        stride_w=window.stride[1],
        dilation_h_factor=window.dilation[0],
        dilation_w_factor=window.dilation[1],
        depth_multiplier=1,
    )
