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
    rank, sizes = len(image), late_int32(b, block)
    tap, number = b.const(np.arange(taps)[:, None], np.int32), b.const(np.arange(blocks)[None, :], np.int32)
    flat, inside, scale = None, None, 1
    for axis in reversed(range(rank)):
        size = reshape(b, slice_(b, sizes, [axis], [1]), ())
        room = image[axis] + pads[axis] + pads[axis + rank] - 1
        reach = calc(b, "MUL", calc(b, "SUB", size, 1), dilations[axis])
        steps = calc(b, "ADD", calc(b, "FLOOR_DIV", calc(b, "SUB", b.const(room, np.int32), reach), strides[axis]), 1)
        offset = calc(b, "MUL", calc(b, "FLOOR_MOD", tap, size), dilations[axis])
        start = calc(b, "MUL", calc(b, "FLOOR_MOD", number, steps), strides[axis])
        place = calc(b, "SUB", calc(b, "ADD", offset, start), pads[axis])
        tap, number = calc(b, "FLOOR_DIV", tap, size), calc(b, "FLOOR_DIV", number, steps)
        within = calc(b, "LOGICAL_AND", calc(b, "GREATER_EQUAL", place, 0), calc(b, "LESS", place, image[axis]))
        inside = within if inside is None else calc(b, "LOGICAL_AND", inside, within)
        part = calc(b, "MUL", place, scale)
        flat = part if flat is None else calc(b, "ADD", flat, part)
        scale *= image[axis]
    total = math.prod(image)
    if flat is None or inside is None:
        return reshape(b, x, (n, channels))
    points = reshape(b, choose(b, inside, flat, total), (taps * blocks, 1))
    rows = transpose(b, reshape(b, x, (n * channels, taps * blocks)), (1, 0))
    shape = (total + 1, n * channels)
    y = b.emit("SCATTER_ND", [points, rows, b.ints(shape)], shape=shape, dtype=dtype_of(x))
    y = slice_(b, y, [0, 0], [total, n * channels])
    return reshape(b, transpose(b, y, (1, 0)), (n, channels, *image))
