"""Normalisations of channels over space: InstanceNormalization and GroupNormalization.

The image keeps its shape throughout, so that it can stay channels-last; only the statistics, one number a channel,
are regrouped.
"""

import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast, reduce
from portproof.exporter.tflite.make.floats import as_float32
from portproof.exporter.tflite.make.moments import Mean, mean_over, standardise
from portproof.exporter.tflite.make.movement import broadcast_to, reshape
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import dtype_of, rank_of, shape_of


@onnx_op("InstanceNormalization", since=6, note="float32, float16")
def instance_normalization(b: Builder, x: ir.Value, scale: ir.Value, bias: ir.Value, *, epsilon: float) -> ir.Value:
    """Each channel of each image by itself; scale and bias [C]."""
    mean = mean_over(b, range(2, rank_of(x)))
    return _normalised(b, x, scale, bias, mean, epsilon, "InstanceNormalization")


@onnx_op("GroupNormalization", since=18, note="float32, float16")
def group_normalization_18(
    b: Builder, x: ir.Value, scale: ir.Value, bias: ir.Value, *, epsilon: float, num_groups: int
) -> ir.Value:
    """Scale and bias [num_groups]."""
    _check(x, num_groups)
    members = shape_of(x)[1] // num_groups
    scale, bias = (_spread(b, reshape(b, value, (1, num_groups, 1)), members) for value in (scale, bias))
    return _normalised(b, x, scale, bias, _group_mean(b, num_groups), epsilon, "GroupNormalization")


@onnx_op("GroupNormalization", since=21, note="float32, float16")
def group_normalization_21(
    b: Builder,
    x: ir.Value,
    scale: ir.Value,
    bias: ir.Value,
    *,
    epsilon: float,
    num_groups: int,
    stash_type: int,
) -> ir.Value:
    """Scale and bias [C]."""
    _check(x, num_groups)
    return _normalised(b, x, scale, bias, _group_mean(b, num_groups), epsilon, "GroupNormalization")


def _check(x: ir.Value, groups: int) -> None:
    if shape_of(x)[1] % groups:
        raise Refusal(f"{shape_of(x)[1]} channels cannot be divided into {groups} groups")


def _normalised(
    b: Builder, x: ir.Value, scale: ir.Value, bias: ir.Value, mean: Mean, epsilon: float, what: str
) -> ir.Value:
    shape = (1, shape_of(x)[1], *(1,) * (rank_of(x) - 2))
    factor, offset = (reshape(b, cast(b, value, "float32"), shape) for value in (scale, bias))
    y, _, _ = standardise(b, as_float32(b, x, what), mean, epsilon)
    return cast(b, binary(b, "ADD", binary(b, "MUL", y, factor), offset), dtype_of(x))


def _group_mean(b: Builder, groups: int) -> Mean:
    """The mean over space and over the channels of a group: [N, C, 1...]."""

    def mean(x: ir.Value) -> ir.Value:
        n, c, *space = shape_of(x)
        if groups == 1:
            return mean_over(b, range(1, 2 + len(space)))(x)
        each = mean_over(b, range(2, 2 + len(space)))(x)
        if groups == c:
            return each
        grouped = reduce(b, "MEAN", reshape(b, each, (n, groups, c // groups)), [2], keepdims=True)
        return reshape(b, _spread(b, grouped, c // groups), (n, c, *(1 for _ in space)))

    return mean


def _spread(b: Builder, x: ir.Value, members: int) -> ir.Value:
    """One number for each group [N, G, 1] to one for each of its channels [N, G, C / G]."""
    return broadcast_to(b, x, (*shape_of(x)[:2], members))
