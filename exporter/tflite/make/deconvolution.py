"""Transposed convolutions in ONNX's axes: TRANSPOSE_CONV, or zeros put between the elements and a convolution.

Both compute the *canvas*: the sum of one kernel for each input element, `stride` apart. A `Canvas` says which part
of it is wanted.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.integer.record import moved
from portproof.exporter.tflite.make.convolution import convolve, split_groups
from portproof.exporter.tflite.make.movement import (
    channels_first,
    channels_last,
    concat,
    pad,
    reshape,
    slice_,
    transpose,
)
from portproof.exporter.tflite.make.window import Window, is_for_any_size, same_pads
from portproof.exporter.tflite.values import array_of, is_constant, shape_of


@dataclass(frozen=True, kw_only=True)
class Canvas:
    """The spatial part of a transposed convolution; one entry for each spatial axis.

    Attributes:
        size: input sizes.
        kernel: kernel sizes, before dilation.
        stride: distances between the kernels on the canvas.
        dilation: distances between taps.
        begin: the first canvas element wanted, not negative.
        out: how many are wanted; those behind the end of the canvas hold the bias alone.
    """

    size: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    begin: tuple[int, ...]
    out: tuple[int, ...]

    @property
    def reach(self) -> tuple[int, ...]:
        """The kernel's extent with dilation."""
        return tuple((k - 1) * d + 1 for k, d in zip(self.kernel, self.dilation, strict=True))

    @property
    def full(self) -> tuple[int, ...]:
        """The canvas sizes."""
        return tuple((n - 1) * s + r for n, s, r in zip(self.size, self.stride, self.reach, strict=True))

    def same(self) -> bool:
        """Whether TRANSPOSE_CONV's SAME crops just what is wanted.

        `ComputePaddingHeightWidth` of TFLite's `kernels/padding.h` on the output's size.
        """
        if is_for_any_size() and any(stride > 1 for stride in self.stride):
            return False
        pads = same_pads(self.out, self.reach, self.stride)
        fits = tuple(math.ceil(o / s) for o, s in zip(self.out, self.stride, strict=True)) == self.size
        ends = [f - b - o for f, b, o in zip(self.full, self.begin, self.out, strict=True)]
        return fits and pads == list(zip(self.begin, ends, strict=True))

    def valid(self) -> tuple[int, ...]:
        """The sizes to ask of TRANSPOSE_CONV with VALID so that all that is wanted is in it."""
        return tuple(max(f, b + o) for f, b, o in zip(self.full, self.begin, self.out, strict=True))

    def fits_kernel(self) -> bool:
        """Whether TRANSPOSE_CONV takes it: no dilation, less than a stride of room behind the canvas.

        (`transpose_conv.cc` checks the second; XNNPACK does not, and answers in another shape.)
        """
        room = [v - f < s for v, f, s in zip(self.valid(), self.full, self.stride, strict=True)]
        return all(d == 1 for d in self.dilation) and all(room)


def deconvolve(b: Builder, x: ir.Value, w: ir.Value, bias: ir.Value | None, canvas: Canvas, group: int) -> ir.Value:
    """The transposed convolution of ONNX's ConvTranspose.

    Args:
        b: the builder.
        x: float32 [N, C, spatial...].
        w: float32 [C, O / group, kernel...].
        bias: float32 [O], or None for zeros.
        canvas: the spatial part.
        group: into how many parts the channels are divided.

    Returns:
        float32 [N, O, canvas.out...].

    Raises:
        Refusal: a kernel takes no such axes.
    """
    depthwise = group > 1 and group == shape_of(x)[1]
    plain = all(stride == 1 for stride in canvas.stride)
    if len(canvas.size) > 2 or depthwise or not canvas.fits_kernel() or (plain and array_of(w) is not None):
        return _by_convolution(b, x, w, bias, canvas, group)
    biases = [None] * group if bias is None else split_groups(b, bias, 0, group)
    parts = zip(split_groups(b, x, 1, group), split_groups(b, w, 0, group), biases, strict=True)
    return concat(b, [_kernel(b, xs, ws, part, canvas) for xs, ws, part in parts], 1)


def _kernel(b: Builder, x: ir.Value, w: ir.Value, bias: ir.Value | None, canvas: Canvas) -> ir.Value:
    if len(canvas.size) == 1:
        n, c, length = shape_of(x)
        x = reshape(b, x, (n, c, 1, length))
        w = reshape(b, w, (*shape_of(w)[:2], 1, shape_of(w)[2]))
        y = _kernel_2d(b, x, w, bias, _with_height(canvas))
        return reshape(b, y, (n, shape_of(w)[1], *canvas.out))
    return _kernel_2d(b, x, w, bias, canvas)


def _kernel_2d(b: Builder, x: ir.Value, w: ir.Value, bias: ir.Value | None, canvas: Canvas) -> ir.Value:
    n, outputs = shape_of(x)[0], shape_of(w)[1]
    same = canvas.same()
    shape = (n, *(canvas.out if same else canvas.valid()), outputs)
    y = b.emit(
        "TRANSPOSE_CONV",
        [b.ints(shape), transpose(b, w, (1, 2, 3, 0)), channels_last(b, x), *([] if bias is None else [bias])],
        shape=shape,
        dtype="float32",
        padding="SAME" if same else "VALID",
        stride_h=canvas.stride[0],
        stride_w=canvas.stride[1],
    )
    if not same:
        y = slice_(b, y, (0, *canvas.begin, 0), (n, *canvas.out, outputs))
    return channels_first(b, y)


def _with_height(canvas: Canvas) -> Canvas:
    return Canvas(
        size=(1, *canvas.size),
        kernel=(1, *canvas.kernel),
        stride=(1, *canvas.stride),
        dilation=(1, *canvas.dilation),
        begin=(0, *canvas.begin),
        out=(1, *canvas.out),
    )


def _by_convolution(
    b: Builder, x: ir.Value, w: ir.Value, bias: ir.Value | None, canvas: Canvas, group: int
) -> ir.Value:
    """Zeros between the elements, then a convolution with the flipped kernel: any dilation and any groups."""
    flipped = _flipped(b, w, group)
    x = _spread(b, x, canvas.stride)
    before = [r - 1 - begin for r, begin in zip(canvas.reach, canvas.begin, strict=True)]
    need = [o + r - 1 for o, r in zip(canvas.out, canvas.reach, strict=True)]
    after = [n - first - have for n, first, have in zip(need, before, shape_of(x)[2:], strict=True)]
    window = Window(
        size=shape_of(x)[2:],
        kernel=canvas.kernel,
        stride=(1,) * len(canvas.kernel),
        dilation=canvas.dilation,
        pads=tuple(zip(before, after, strict=True)),
    )
    return convolve(b, x, flipped, bias, window, group)


def _flipped(b: Builder, w: ir.Value, group: int) -> ir.Value:
    """Weights [C, O / group, kernel...] of the transposed convolution as [O, C / group, kernel...]."""
    c, per_group, *kernel = shape_of(w)
    spatial = range(2, len(kernel) + 2)
    parts = reshape(b, w, (group, c // group, per_group, *kernel))
    turned = transpose(b, parts, (0, 2, 1, *(axis + 1 for axis in spatial)))
    rows = reshape(b, turned, (group * per_group, c // group, *kernel))
    if is_constant(rows):
        return moved(rows, lambda array: np.ascontiguousarray(np.flip(array, tuple(spatial))))
    for axis in spatial:
        rows = b.emit("REVERSE_V2", [rows, b.ints([axis])], shape=shape_of(rows), dtype="float32")
    return rows


def _spread(b: Builder, x: ir.Value, strides: Sequence[int]) -> ir.Value:
    """`stride` - 1 zeros behind each element along each spatial axis.

    Done channels-last, where the convolution behind it wants its input.
    """
    x = channels_last(b, x)
    for axis, stride in enumerate(strides, start=1):
        shape = shape_of(x)
        before, behind = math.prod(shape[: axis + 1]), math.prod(shape[axis + 1 :])
        padded = pad(b, reshape(b, x, (before, 1, behind)), [(0, 0), (0, stride - 1), (0, 0)])
        x = reshape(b, padded, (*shape[:axis], shape[axis] * stride, *shape[axis + 1 :]))
    return channels_first(b, x)
