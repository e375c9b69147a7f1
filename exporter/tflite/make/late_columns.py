"""Columns put back into an image by blocks whose shape is computed at run time."""

import math
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.known import calc, choose
from portproof.exporter.tflite.make.late import late_int32
from portproof.exporter.tflite.make.movement import reshape, slice_, transpose
from portproof.exporter.tflite.values import dtype_of, shape_of


def late_columns(
    b: Builder,
    x: ir.Value,
    block: ir.Value,
    image: Sequence[int],
    *,
    strides: Sequence[int],
    dilations: Sequence[int],
    pads: Sequence[int],
) -> ir.Value:
    """Col2Im of x, float32, int32 or int64 [N, C, taps, blocks]: [N, C, image...].

    The place of each tap of each block is counted at run time; what lies in the padding goes behind the image, and
    SCATTER_ND adds up what comes to one place.

    Args:
        b: the builder.
        x: the columns.
        block: sizes of a block, int32 or int64 [rank]; their product is `taps`.
        image: sizes of the image.
        strides: from one block to the next.
        dilations: from one tap to the next.
        pads: (before..., behind...) in elements.
    """
    n, channels, taps, blocks = shape_of(x)
    grid = (b.const(np.arange(taps)[:, None], np.int32), b.const(np.arange(blocks)[None, :], np.int32))
    flat, inside = b.const(0, np.int32), b.const(True)
    for axis in reversed(range(len(image))):
        size = reshape(b, slice_(b, late_int32(b, block), [axis], [1]), ())
        ends = pads[axis], pads[axis + len(image)]
        grid, place = _along(b, grid, size, image[axis], strides[axis], dilations[axis], ends)
        for within in (calc(b, "GREATER_EQUAL", place, 0), calc(b, "LESS", place, image[axis])):
            inside = calc(b, "LOGICAL_AND", within, inside)
        flat = calc(b, "ADD", calc(b, "MUL", place, math.prod(image[axis + 1 :])), flat)
    points = reshape(b, choose(b, inside, flat, math.prod(image)), (taps * blocks, 1))
    rows = transpose(b, reshape(b, x, (n * channels, taps * blocks)), (1, 0))
    shape = (math.prod(image) + 1, n * channels)
    y = b.emit("SCATTER_ND", [points, rows, b.ints(shape)], shape=shape, dtype=dtype_of(x))
    y = slice_(b, y, [0, 0], [shape[0] - 1, shape[1]])
    return reshape(b, transpose(b, y, (1, 0)), (n, channels, *image))


def _along(
    b: Builder,
    grid: tuple[ir.Value, ir.Value],
    size: ir.Value,
    image: int,
    stride: int,
    dilation: int,
    pads: tuple[int, int],
) -> tuple[tuple[ir.Value, ir.Value], ir.Value]:
    """The place of each tap of each block along one axis, and what is left of their numbers for the axes before it."""
    tap, number = grid
    reach = calc(b, "MUL", calc(b, "SUB", size, 1), dilation)
    room = calc(b, "SUB", b.const(image + sum(pads) - 1, np.int32), reach)
    steps = calc(b, "ADD", calc(b, "FLOOR_DIV", room, stride), 1)
    offset = calc(b, "MUL", calc(b, "FLOOR_MOD", tap, size), dilation)
    start = calc(b, "MUL", calc(b, "FLOOR_MOD", number, steps), stride)
    place = calc(b, "SUB", calc(b, "ADD", offset, start), pads[0])
    return (calc(b, "FLOOR_DIV", tap, size), calc(b, "FLOOR_DIV", number, steps)), place
