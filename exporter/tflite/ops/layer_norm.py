"""Normalisations over whole axes: LayerNormalization, RMSNormalization, MeanVarianceNormalization."""

from collections.abc import Sequence

import onnx_ir as ir

from portproof.exporter.lowering.axes import resolve_axes, resolve_axis
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast, unary
from portproof.exporter.tflite.make.floats import as_float32
from portproof.exporter.tflite.make.moments import mean_over, standardise
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import dtype_of, rank_of


@onnx_op("LayerNormalization", since=17, note="float32, float16")
def layer_normalization(
    b: Builder,
    x: ir.Value,
    scale: ir.Value,
    bias: ir.Value | None = None,
    *,
    axis: int,
    epsilon: float,
    stash_type: int,
) -> Sequence[ir.Value]:
    """Over the axes from `axis` on; also the mean and the reciprocal deviation, both float32."""
    rank = rank_of(x)
    axes = range(resolve_axis(axis, rank), rank)
    wide = as_float32(b, x, "LayerNormalization")
    y, mean, inverse = standardise(b, wide, mean_over(b, axes), epsilon)
    y = binary(b, "MUL", y, cast(b, scale, "float32"))
    if bias is not None:
        y = binary(b, "ADD", y, cast(b, bias, "float32"))
    return [cast(b, y, dtype_of(x)), mean, inverse]


@onnx_op("RMSNormalization", since=23, note="float32, float16")
def rms_normalization(
    b: Builder,
    x: ir.Value,
    scale: ir.Value,
    *,
    axis: int,
    epsilon: float,
    stash_type: int,
) -> ir.Value:
    """x / sqrt(mean of squares + epsilon) * scale over the axes from `axis` on."""
    rank = rank_of(x)
    wide = as_float32(b, x, "RMSNormalization")
    power = mean_over(b, range(resolve_axis(axis, rank), rank))(unary(b, "SQUARE", wide))
    inverse = unary(b, "RSQRT", binary(b, "ADD", power, epsilon))
    y = binary(b, "MUL", binary(b, "MUL", wide, inverse), cast(b, scale, "float32"))
    return cast(b, y, dtype_of(x))


@onnx_op("MeanVarianceNormalization", since=9, note="float32, float16")
def mean_variance_normalization(b: Builder, x: ir.Value, *, axes: Sequence[int]) -> ir.Value:
    """(x - mean) / (deviation + 1e-9), as the function that defines the operator in ONNX has it."""
    mean = mean_over(b, resolve_axes(list(axes), rank_of(x)))
    wide = as_float32(b, x, "MeanVarianceNormalization")
    centre = mean(wide)
    deviation = unary(b, "SQRT", mean(binary(b, "SQUARED_DIFFERENCE", wide, centre)))
    y = binary(b, "DIV", binary(b, "SUB", wide, centre), binary(b, "ADD", deviation, 1e-9))
    return cast(b, y, dtype_of(x))
