"""Pools over any number of axes as pools over two, for reductions that may be done axis by axis."""

from collections.abc import Callable

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.movement import pad
from portproof.exporter.tflite.make.spatial import Axes, by_pairs
from portproof.exporter.tflite.make.window import Pads, Window
from portproof.exporter.tflite.values import Array, dtype_of, shape_of

Pool2d = Callable[[Builder, ir.Value, Window, Axes], ir.Value]
"""Pools [N, H, W, C] with a window over two axes; for `Axes` see `spatial`."""


def pool(b: Builder, x: ir.Value, window: Window, pool_2d: Pool2d) -> ir.Value:
    """Pools [N, C, spatial...] with `pool_2d` as often as it takes.

    A maximum, a sum or a mean over a box is one over its rows of one over its columns.
    """
    return by_pairs(b, x, lambda b, x, axes: pool_2d(b, x, _over(window, axes), axes))


def _over(window: Window, axes: Axes) -> Window:
    """The window over the given axes only; None stands for an axis of size 1."""
    return Window(
        size=tuple(1 if axis is None else window.size[axis] for axis in axes),
        kernel=tuple(1 if axis is None else window.kernel[axis] for axis in axes),
        stride=tuple(1 if axis is None else window.stride[axis] for axis in axes),
        dilation=tuple(1 if axis is None else window.dilation[axis] for axis in axes),
        pads=tuple((0, 0) if axis is None else window.pads[axis] for axis in axes),
    )


def taps(window: Window, counted: Pads) -> list[Array]:
    """For each axis, how many taps of each step of the window lie on elements or on padding that counts: int [out].

    Raises:
        Refusal: a step has none, which leaves its result open.
    """
    counts = []
    for axis, (before, after) in enumerate(counted):
        first = np.arange(window.out[axis]) * window.stride[axis] - window.pads[axis][0]
        places = first[:, None] + np.arange(window.kernel[axis]) * window.dilation[axis]
        counts.append(((places >= -before) & (places < window.size[axis] + after)).sum(axis=1))
    if any((count == 0).any() for count in counts):
        raise Refusal("a window holds nothing but padding", "use pads smaller than the kernel")
    return counts


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
