"""BatchNormalization at inference: one product and one sum for each channel."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast, unary
from portproof.exporter.tflite.make.floats import as_float32
from portproof.exporter.tflite.make.movement import reshape
from portproof.exporter.tflite.make.outputs import refuse_read_outputs
from portproof.exporter.tflite.refusal import Refusal
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, constant, dtype_of, rank_of, shape_of


@onnx_op("BatchNormalization", since=7, note="inference only; float32, float16")
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
) -> ir.Value:
    """(x - mean) / sqrt(variance + epsilon) * scale + bias, all four [C]."""
    if training_mode:
        raise Refusal("training_mode=1 computes statistics of the batch", "export the model in evaluation mode")
    if spatial == 0:
        raise Refusal("spatial=0 normalises each element by itself", "write it as a subtraction and a product")
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
) -> ir.Value:
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
