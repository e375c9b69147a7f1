"""BatchNormalization: one product and one sum for each channel."""

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast, reduce, unary
from portproof.exporter.tflite.make.floats import as_float32
from portproof.exporter.tflite.make.movement import reshape
from portproof.exporter.tflite.make.outputs import refuse_read_outputs
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, constant, dtype_of, rank_of, shape_of


@onnx_op("BatchNormalization", since=7, note="training_mode from opset 14 on")
def batch_normalization(
    b: Builder,
    x: ir.Value,
    scale: ir.Value,
    bias: ir.Value,
    mean: ir.Value,
    variance: ir.Value,
    *,
    epsilon: float,
    momentum: float,
    spatial: int | None,
    training_mode: int | None,
) -> ir.Value | Sequence[ir.Value]:
    """(x - mean) / sqrt(variance + epsilon) * scale + bias, all four [C]; in training by the batch's own statistics."""
    if training_mode and b.opset < 14:
        raise Refusal("training computes statistics of the batch", "export the model in evaluation mode")
    if spatial == 0:
        raise Refusal("spatial=0 normalises each element by itself", "write it as a subtraction and a product")
    if training_mode:
        return _by_batch(b, x, scale, bias, (mean, variance), epsilon, momentum)
    refuse_read_outputs(b, 1, "export the model in evaluation mode")
    factor, offset = _folded(b, scale, bias, mean, variance, epsilon)
    shape = (1, shape_of(factor)[0], *(1,) * (rank_of(x) - 2))
    y = binary(b, "MUL", as_float32(b, x, "BatchNormalization"), reshape(b, factor, shape))
    return cast(b, binary(b, "ADD", y, reshape(b, offset, shape)), dtype_of(x))


@onnx_op("BatchNormalization", note="inference only (is_test=1, spatial=1); float32, float16")
def batch_normalization_1(
    b: Builder,
    x: ir.Value,
    scale: ir.Value,
    bias: ir.Value,
    mean: ir.Value,
    variance: ir.Value,
    *,
    consumed_inputs: list[int] | None,
    epsilon: float,
    is_test: int,
    momentum: float,
    spatial: int,
) -> ir.Value | Sequence[ir.Value]:
    """Up to opset 6, where `is_test` tells inference from training."""
    return batch_normalization(
        b,
        x,
        scale,
        bias,
        mean,
        variance,
        epsilon=epsilon,
        momentum=momentum,
        spatial=spatial,
        training_mode=int(not is_test),
    )


def _by_batch(
    b: Builder,
    x: ir.Value,
    scale: ir.Value,
    bias: ir.Value,
    running: tuple[ir.Value, ir.Value],
    epsilon: float,
    momentum: float,
) -> Sequence[ir.Value]:
    """The normalised batch, and the running mean and variance moved towards those of the batch."""
    data = as_float32(b, x, "BatchNormalization")
    axes = [axis for axis in range(rank_of(x)) if axis != 1]
    mean = reduce(b, "MEAN", data, axes, keepdims=True)
    centred = binary(b, "SUB", data, mean)
    variance = reduce(b, "MEAN", unary(b, "SQUARE", centred), axes, keepdims=True)
    shape = shape_of(mean)
    factor = binary(
        b, "DIV", reshape(b, cast(b, scale, "float32"), shape), unary(b, "SQRT", binary(b, "ADD", variance, epsilon))
    )
    y = binary(b, "ADD", binary(b, "MUL", centred, factor), reshape(b, cast(b, bias, "float32"), shape))
    moved = []
    for old, new in zip(running, (mean, variance), strict=True):
        kept = binary(b, "MUL", cast(b, old, "float32"), momentum)
        total = binary(b, "ADD", kept, binary(b, "MUL", reshape(b, new, shape_of(old)), 1 - momentum))
        moved.append(cast(b, total, dtype_of(old)))
    return [cast(b, y, dtype_of(x)), *moved]


def _folded(
    b: Builder, scale: ir.Value, bias: ir.Value, mean: ir.Value, variance: ir.Value, epsilon: float
) -> tuple[ir.Value, ir.Value]:
    """Factor and offset, float32 [C]; constants are folded in float64."""
    arrays = [array_of(value) for value in (scale, bias, mean, variance)]
    if all(array is not None for array in arrays):
        s, o, m, v = (np.asarray(array, np.float64) for array in arrays)
        factor = s / np.sqrt(v + epsilon)
        return constant(factor.astype(np.float32)), constant((o - m * factor).astype(np.float32))
    parameters = [as_float32(b, value, "BatchNormalization") for value in (scale, bias, mean, variance)]
    deviation = unary(b, "SQRT", binary(b, "ADD", parameters[3], epsilon))
    product = binary(b, "DIV", parameters[0], deviation)
    return product, binary(b, "SUB", parameters[1], binary(b, "MUL", parameters[2], product))
