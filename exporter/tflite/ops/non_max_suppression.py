"""NonMaxSuppression: one kernel for each class of each image, and a table of what they keep."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast, reduce
from portproof.exporter.tflite.make.floats import as_float32
from portproof.exporter.tflite.make.known import calc, choose
from portproof.exporter.tflite.make.movement import concat, gather, reshape, slice_
from portproof.exporter.tflite.make.selection import open_size, opened, places, taken_at
from portproof.exporter.tflite.make.unsigned import same_bits
from portproof.exporter.tflite.ops.extreme import ordered_places
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, shape_of

_MOST_KERNELS = 512
_MOST_BOXES = 1 << 24
"""Ranks of boxes are counted in float32."""
_NOTE = f"more than {_MOST_KERNELS} classes times images; other operators behind it, without a declared shape"


@onnx_op("NonMaxSuppression", since=10, note=_NOTE)
def non_max_suppression(
    b: Builder,
    boxes: ir.Value,
    scores: ir.Value,
    max_output_boxes_per_class: ir.Value | None = None,
    iou_threshold: ir.Value | None = None,
    score_threshold: ir.Value | None = None,
    *,
    center_point_box: int,
) -> ir.Value:
    """boxes [images, N, 4], scores [images, classes, N]: int64 [kept, 3] of image, class and box.

    The boxes are handed over in falling order of their scores, and with their ranks for scores: the kernel leaves
    the order of equal scores open, ONNX Runtime takes the first box first.
    """
    images, count, _ = shape_of(boxes)
    classes = shape_of(scores)[1]
    size = open_size(b, 0, 0)
    limit = _single(b, max_output_boxes_per_class, np.int32, 0)
    known = array_of(limit)
    if images * classes * count == 0 or (known is not None and known <= 0):
        return b.const(np.zeros((0, 3), np.int64))
    if images * classes > _MOST_KERNELS or count > _MOST_BOXES:
        raise Refusal(f"{images} images of {classes} classes and {count} boxes", "suppress over all classes at once")
    corners = _corners(b, as_float32(b, boxes, "NonMaxSuppression")) if center_point_box else boxes
    overlap = _single(b, iou_threshold, np.float32, 0.0)
    lowest = None if score_threshold is None else _single(b, score_threshold, np.float32, 0.0)
    tables, kept = [], []
    for image in range(images):
        plane = reshape(b, slice_(b, corners, [image, 0, 0], [1, count, 4]), (count, 4))
        for number in range(classes):
            row = reshape(b, slice_(b, scores, [image, number, 0], [1, 1, count]), (count,))
            chosen, valid = _suppressed(b, plane, row, overlap, lowest, limit)
            where = b.const(np.full((count, 2), (image, number)), np.int32)
            tables.append(concat(b, [where, reshape(b, chosen, (count, 1))], 1))
            kept.append(valid)
    rows = places(b, concat(b, kept, 0), size)
    return opened(cast(b, taken_at(b, concat(b, tables, 0), rows, 0), np.int64), 0)


def _single(b: Builder, value: ir.Value | None, dtype: type, default: float) -> ir.Value:
    """A parameter of one element as a scalar of a type; beyond int32 it is cut to its end."""
    if value is None:
        return b.const(default, dtype)
    if dtype is np.int32:
        value = calc(b, "MINIMUM", value, np.iinfo(np.int32).max)
    return reshape(b, cast(b, value, dtype), ())


def _above(b: Builder, threshold: ir.Value) -> ir.Value:
    """The next float32: the kernel suppresses from the threshold on, ONNX Runtime only above it."""
    array = array_of(threshold)
    if array is not None:
        return b.const(np.nextafter(array, np.float32(np.inf)), np.float32)
    return same_bits(b, calc(b, "ADD", same_bits(b, threshold, "int32"), 1), "float32")


def _corners(b: Builder, boxes: ir.Value) -> ir.Value:
    """[x, y, width, height] of the middle to two corners, in one order of the axes."""
    images, count, _ = shape_of(boxes)
    middle, extent = (slice_(b, boxes, [0, 0, start], [images, count, 2]) for start in (0, 2))
    half = calc(b, "MUL", extent, 0.5)
    return concat(b, [calc(b, "SUB", middle, half), calc(b, "ADD", middle, half)], 2)


def _suppressed(
    b: Builder, boxes: ir.Value, scores: ir.Value, overlap: ir.Value, lowest: ir.Value | None, limit: ir.Value
) -> tuple[ir.Value, ir.Value]:
    """The boxes that are kept, int32 [N] best first, and how far down that list is true: booleans [N]."""
    count = shape_of(scores)[0]
    falling, places_ = ordered_places(b, scores, falling=True)
    ranks = b.const(np.arange(count, 0, -1), np.float32)
    if lowest is not None:
        ranks = choose(b, binary(b, "GREATER", falling, lowest), ranks, -1.0)
    above = calc(b, "MINIMUM", _above(b, overlap), 1)
    operands = [gather(b, boxes, places_, 0), ranks, b.const(count, np.int32), above, b.const(0, np.float32)]
    found, number = b.emit_many("NON_MAX_SUPPRESSION_V4", operands, outputs=[((count,), np.int32), ((), np.int32)])
    # The kernel takes no threshold above 1, from which on nothing is suppressed.
    known, scored = array_of(overlap), binary(b, "GREATER", ranks, 0)
    if known is None or known >= 1:
        every = calc(b, "GREATER_EQUAL", overlap, 1)
        found = choose(b, every, b.ints(range(count)), found)
        number = choose(b, every, reduce(b, "SUM", cast(b, scored, np.int32), [0], keepdims=False), number)
    valid = binary(b, "LESS", b.ints(range(count)), calc(b, "MINIMUM", number, limit))
    return gather(b, places_, found, 0), valid
