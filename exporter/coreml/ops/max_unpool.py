"""MaxUnpool: the maxima back where MaxPool found them, zeros elsewhere."""

import math
from collections.abc import Sequence

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.movement import reshape
from portproof.exporter.coreml.make.padding import padded
from portproof.exporter.coreml.make.parameter import constant_ints, declared_shape
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, array_of, dtype_of, shape_of
from portproof.exporter.lowering.refusal import Refusal


@onnx_op("MaxUnpool", since=9, note="windows that do not overlap")
def max_unpool(
    b: Builder,
    x: Var,
    indices: Var,
    output_shape: Var | None = None,
    *,
    kernel_shape: Sequence[int],
    pads: Sequence[int] | None,
    strides: Sequence[int] | None,
) -> Var:
    """`indices` count in the whole tensor that was pooled, batch and channels included."""
    rank = len(kernel_shape)
    step, ends = strides or [1] * rank, pads or [0] * 2 * rank
    if any(s < k for s, k in zip(step, kernel_shape, strict=True)):
        raise Refusal("windows that overlap name an entry twice", "use strides of the kernel")
    sizes = [
        (size - 1) * step[axis] - ends[axis] - ends[axis + rank] + kernel_shape[axis]
        for axis, size in enumerate(shape_of(x)[2:])
    ]
    pooled = (*shape_of(x)[:2], *sizes)
    count = math.prod(shape_of(x))
    zeros = np.zeros(math.prod(pooled), dtype_of(x))
    flat = reshape(b, x, (count,))
    y = b.emit("scatter", data=zeros, indices=reshape(b, indices, (count,)), updates=flat, axis=0, mode="update")
    wanted = _wanted(b, output_shape) or list(pooled)
    if any(have > size for have, size in zip(pooled, wanted, strict=True)):
        raise Refusal(f"output_shape {wanted} is smaller than what was pooled, {list(pooled)}")
    behind = [(0, size - have) for have, size in zip(pooled, wanted, strict=True)]
    return padded(b, reshape(b, y, pooled), behind)


def _wanted(b: Builder, output_shape: Var | None) -> list[int] | None:
    if output_shape is None:
        return None
    declared = declared_shape(b)
    if array_of(output_shape) is None and declared is not None:
        return list(declared)
    return constant_ints(output_shape, "output_shape")
