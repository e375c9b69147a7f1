"""Col2Im: blocks of columns put back into an image, overlaps added up."""

import math
from collections.abc import Sequence
from functools import reduce

import onnx_ir as ir

from portproof.exporter.lowering.columns import sources_of
from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary
from portproof.exporter.tflite.make.late_columns import late_columns
from portproof.exporter.tflite.make.movement import pad, reshape
from portproof.exporter.tflite.make.parameter import constant_ints, declared_shape
from portproof.exporter.tflite.make.taken import taken
from portproof.exporter.tflite.make.widened import NUMBERS, widened
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import is_run_time, shape_of


@onnx_op("Col2Im", since=18, note="shapes computed at run time without a declared output; uint64")
def col2im(
    b: Builder,
    x: ir.Value,
    image_shape: ir.Value,
    block_shape: ir.Value,
    *,
    dilations: Sequence[int] | None,
    pads: Sequence[int] | None,
    strides: Sequence[int] | None,
) -> ir.Value:
    """x: [N, C * block, blocks]; any number of axes. Each element gathers what covers it, which is exact."""
    declared = list(declared_shape(b)) if is_run_time(image_shape) or is_run_time(block_shape) else []
    image = declared[2:] if is_run_time(image_shape) else constant_ints(image_shape, "image_shape")
    rank = len(image)
    strides, dilations, pads = strides or [1] * rank, dilations or [1] * rank, pads or [0] * 2 * rank
    n, rows, blocks = shape_of(x)
    if is_run_time(block_shape):
        columns = reshape(b, x, (n, declared[1], rows // declared[1], blocks))
        steps = {"strides": strides, "dilations": dilations, "pads": pads}
        return widened(b, NUMBERS, [columns], lambda p: late_columns(b, p, block_shape, image, **steps))
    block = constant_ints(block_shape, "block_shape")
    sources = sources_of(image, block, strides, dilations, pads)
    if blocks * math.prod(block) < sources.max(initial=0):
        raise Refusal(f"{blocks} blocks do not cover an image of shape {image}")
    channels = rows // math.prod(block)
    columns = reshape(b, x, (n, channels, rows // channels * blocks))
    if sources.all():
        sources = sources - 1
    else:
        columns = pad(b, columns, [(0, 0), (0, 0), (1, 0)])

    def added(columns: ir.Value) -> ir.Value:
        return reduce(lambda left, right: binary(b, "ADD", left, right), [taken(b, columns, s, 2) for s in sources])

    return reshape(b, widened(b, NUMBERS, [columns], added), (n, channels, *image))
