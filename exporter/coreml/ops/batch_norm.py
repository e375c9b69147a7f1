"""BatchNormalization: MIL's batch_norm for constant parameters, else a product and a sum for each channel."""

from collections.abc import Sequence

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary, unary
from portproof.exporter.coreml.make.movement import reshape
from portproof.exporter.coreml.make.outputs import refuse_read_outputs
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, array_of, dtype_of, rank_of, shape_of
from portproof.exporter.lowering.refusal import Refusal

_RANKS = (3, 4, 5)


@onnx_op("BatchNormalization", since=7, note="training_mode from opset 14 on")
def batch_normalization(
    b: Builder,
    x: Var,
    scale: Var,
    bias: Var,
    mean: Var,
    variance: Var,
    *,
    epsilon: float,
    momentum: float,
    spatial: int | None,
    training_mode: int | None,
) -> Var | Sequence[Var]:
    """(x - mean) / sqrt(variance + epsilon) * scale + bias, all four [C]; in training by the batch's own statistics."""
    if training_mode and b.opset < 14:
        raise Refusal("training computes statistics of the batch", "export the model in evaluation mode")
    if spatial == 0:
        raise Refusal("spatial=0 normalises each element by itself", "write it as a subtraction and a product")
    parameters = [b.cast(value, dtype_of(x)) for value in (scale, bias, mean, variance)]
    if training_mode:
        return _by_batch(b, x, parameters, (mean, variance), epsilon, momentum)
    refuse_read_outputs(b, 1, "export the model in evaluation mode")
    if rank_of(x) in _RANKS and all(array_of(value) is not None for value in parameters):
        scale, bias, mean, variance = parameters
        eps = b.like(epsilon, x)
        return b.emit("batch_norm", x=x, mean=mean, variance=variance, gamma=scale, beta=bias, epsilon=eps)
    shape = (1, shape_of(scale)[0], *[1] * (rank_of(x) - 2))
    scale, bias, mean, variance = (reshape(b, value, shape) for value in parameters)
    factor = binary(b, "mul", scale, unary(b, "rsqrt", variance, epsilon=b.like(epsilon, x)))
    return binary(b, "add", binary(b, "mul", binary(b, "sub", x, mean), factor), bias)


@onnx_op("BatchNormalization", note="inference only (is_test=1, spatial=1)")
def batch_normalization_1(
    b: Builder,
    x: Var,
    scale: Var,
    bias: Var,
    mean: Var,
    variance: Var,
    *,
    consumed_inputs: list[int] | None,
    epsilon: float,
    is_test: int,
    momentum: float,
    spatial: int,
) -> Var | Sequence[Var]:
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
    b: Builder, x: Var, parameters: Sequence[Var], running: tuple[Var, Var], epsilon: float, momentum: float
) -> Sequence[Var]:
    """The normalised batch, and the running mean and variance moved towards those of the batch."""
    axes = [axis for axis in range(rank_of(x)) if axis != 1]
    mean = b.emit("reduce_mean", x=x, axes=axes, keep_dims=True)
    centred = binary(b, "sub", x, mean)
    variance = b.emit("reduce_mean", x=unary(b, "square", centred), axes=axes, keep_dims=True)
    shape = shape_of(mean)
    scale, bias = (reshape(b, value, shape) for value in parameters[:2])
    factor = binary(b, "mul", scale, unary(b, "rsqrt", variance, epsilon=b.like(epsilon, x)))
    moved = []
    for old, new in zip(running, (mean, variance), strict=True):
        part = binary(b, "mul", b.cast(reshape(b, new, shape_of(old)), dtype_of(old)), np.float32(1) - momentum)
        moved.append(binary(b, "add", binary(b, "mul", old, momentum), part))
    return [binary(b, "add", binary(b, "mul", centred, factor), bias), *moved]
