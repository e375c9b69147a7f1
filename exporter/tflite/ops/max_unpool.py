"""MaxUnpool: the maxima back where MaxPool found them, zeros elsewhere."""

import math
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast
from portproof.exporter.tflite.make.floats import as_float32
from portproof.exporter.tflite.make.indices import flatten
from portproof.exporter.tflite.make.movement import pad, reshape
from portproof.exporter.tflite.make.parameter import constant_ints, declared_shape
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, dtype_of, shape_of


@onnx_op("MaxUnpool", since=9, note="windows that do not overlap")
def max_unpool(
    b: Builder,
    x: ir.Value,
    indices: ir.Value,
    output_shape: ir.Value | None = None,
    *,
    kernel_shape: Sequence[int],
    pads: Sequence[int] | None,
    strides: Sequence[int] | None,
) -> ir.Value:
    """`indices` count in the whole tensor that was pooled, batch and channels included."""
    rank = len(kernel_shape)
    step, ends = strides or [1] * rank, pads or [0] * 2 * rank
    if any(s < k for s, k in zip(step, kernel_shape, strict=True)):
        raise Refusal(
            "windows that overlap name an entry twice, and SCATTER_ND adds such up", "use strides of the kernel"
        )
    sizes = [
        (size - 1) * step[axis] - ends[axis] - ends[axis + rank] + kernel_shape[axis]
        for axis, size in enumerate(shape_of(x)[2:])
    ]
    pooled = (*shape_of(x)[:2], *sizes)
    values = flatten(b, as_float32(b, x, "MaxUnpool"))
    points = reshape(b, cast(b, indices, np.int32), (math.prod(shape_of(x)), 1))
    total = math.prod(pooled)
    y = b.emit("SCATTER_ND", [points, values, b.ints([total])], shape=(total,), dtype=np.float32)
    wanted = (
        pooled
        if output_shape is None
        else list(declared_shape(b))
        if array_of(output_shape) is None
        else constant_ints(output_shape, "output_shape")
    )
    if any(have > size for have, size in zip(pooled, wanted, strict=True)):
        raise Refusal(f"output_shape {wanted} is smaller than what was pooled, {list(pooled)}")
    behind = [(0, size - have) for have, size in zip(pooled, wanted, strict=True)]
    return cast(b, pad(b, reshape(b, y, pooled), behind), dtype_of(x))
