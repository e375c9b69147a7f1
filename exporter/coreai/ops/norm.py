"""Normalisation; GroupNormalization and the like are lowered by the bodies that ONNX defines them by."""

import numpy as np

from portproof.exporter.coreai.builder import Builder
from portproof.exporter.coreai.ops.conv import biased
from portproof.exporter.coreai.registry import onnx_op
from portproof.exporter.coreai.tensors import Tensor
from portproof.exporter.lowering.refusal import Refusal


@onnx_op("BatchNormalization", since=9, note="inference only")
def batch_normalization(
    b: Builder,
    x: Tensor,
    scale: Tensor,
    bias: Tensor,
    mean: Tensor,
    variance: Tensor,
    *,
    epsilon: float,
    momentum: float,
    training_mode: int | None = None,
) -> Tensor:
    """(x - mean) / sqrt(variance + epsilon) * scale + bias, by channel."""
    if training_mode:
        raise Refusal("it normalises by the batch, as in training", "export the model in eval mode")
    root = b.emit("rsqrt", b.emit("broadcasting_add", variance, b.like(epsilon, variance)))
    factor = b.emit("broadcasting_mul", root, scale)
    centred = biased(b, x, b.emit("broadcasting_mul", mean, b.like(-1, mean)))
    column = b.reshape(factor, (*factor.shape, *[1] * (x.rank - 2)))
    return biased(b, b.emit("broadcasting_mul", centred, column), bias)


@onnx_op("InstanceNormalization", since=6)
def instance_normalization(b: Builder, x: Tensor, scale: Tensor, bias: Tensor, *, epsilon: float) -> Tensor:
    """By the mean and variance of each channel of each sample."""
    normal = normalised(b, x, list(range(2, x.rank)), epsilon)
    column = b.reshape(scale, (*scale.shape, *[1] * (x.rank - 2)))
    return biased(b, b.emit("broadcasting_mul", normal, column), bias)


@onnx_op("LayerNormalization", since=17, note="one output")
def layer_normalization(
    b: Builder,
    x: Tensor,
    scale: Tensor,
    bias: Tensor | None = None,
    *,
    axis: int,
    epsilon: float,
    stash_type: int,
) -> Tensor:
    """By the mean and variance of the axes from `axis` on, in float32 at least."""
    if b.source is not None and len(b.source.outputs) > 1:
        raise Refusal("mean and deviation as outputs are not written")
    wide = b.cast(x, np.float32) if stash_type == 1 else x
    normal = b.cast(normalised(b, wide, list(range(axis % x.rank, x.rank)), epsilon), x.dtype)
    y = b.emit("broadcasting_mul", normal, scale)
    return y if bias is None else b.emit("broadcasting_add", y, bias)


def normalised(b: Builder, x: Tensor, axes: list[int], epsilon: float) -> Tensor:
    """`x` with mean 0 and variance 1 along `axes`."""
    along = np.array(axes, np.int32)
    centred = b.emit("broadcasting_sub", x, b.emit("reduce_mean", x, along))
    variance = b.emit("reduce_mean", b.emit("broadcasting_mul", centred, centred), along)
    root = b.emit("rsqrt", b.emit("broadcasting_add", variance, b.like(epsilon, variance)))
    return b.emit("broadcasting_mul", centred, root)
