"""Col2Im: blocks of columns put back into an image, overlaps added up."""

import math
from collections.abc import Sequence
from functools import partial, reduce

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary
from portproof.exporter.coreml.make.movement import concat, full, gather, reshape
from portproof.exporter.coreml.make.parameter import constant_ints
from portproof.exporter.coreml.make.wrapping import wrapped
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, dtype_of, shape_of
from portproof.exporter.lowering.columns import sources_of
from portproof.exporter.lowering.refusal import Refusal


@onnx_op("Col2Im", since=18, note="constant shapes")
def col2im(
    b: Builder,
    x: Var,
    image_shape: Var,
    block_shape: Var,
    *,
    dilations: Sequence[int] | None,
    pads: Sequence[int] | None,
    strides: Sequence[int] | None,
) -> Var:
    """x: [N, C * block, blocks]; any number of axes. Each element gathers what covers it, which is exact."""
    image, block = constant_ints(image_shape, "image_shape"), constant_ints(block_shape, "block_shape")
    rank = len(image)
    n, rows, blocks = shape_of(x)
    sources = sources_of(image, block, strides or [1] * rank, dilations or [1] * rank, pads or [0] * 2 * rank)
    if blocks * math.prod(block) < sources.max(initial=0):
        raise Refusal(f"{blocks} blocks do not cover an image of shape {image}")
    channels = rows // math.prod(block)
    columns = reshape(b, x, (n, channels, rows // channels * blocks))
    if sources.all():
        sources = sources - 1
    else:
        columns = concat(b, [full(b, (n, channels, 1), 0, dtype_of(x)), columns], 2)
    terms = [gather(b, columns, np.asarray(source), 2) for source in sources]
    return wrapped(b, reshape(b, reduce(partial(binary, b, "add"), terms), (n, channels, *image)))
