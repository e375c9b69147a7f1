"""Normalisations over whole axes: LayerNormalization, RMSNormalization, MeanVarianceNormalization."""

from collections.abc import Sequence

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary, unary
from portproof.exporter.coreml.make.outputs import is_read
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Array, Var, array_of, dtype_of, rank_of
from portproof.exporter.lowering.axes import resolve_axes, resolve_axis


@onnx_op("LayerNormalization", since=17)
def layer_normalization(
    b: Builder, x: Var, scale: Var, bias: Var | None = None, *, axis: int, epsilon: float, stash_type: int
) -> Sequence[Var | None]:
    """Over the axes from `axis` on; also the mean and the reciprocal deviation."""
    rank = rank_of(x)
    axes = list(range(resolve_axis(axis, rank), rank))
    scale, bias = b.cast(scale, dtype_of(x)), None if bias is None else b.cast(bias, dtype_of(x))
    gamma, beta = _parameter(x, scale, axes), _parameter(x, bias, axes)
    fused = gamma is not None and (bias is None or beta is not None)
    y = b.emit(
        "layer_norm",
        x=x,
        axes=axes,
        gamma=gamma if fused else None,
        beta=beta if fused else None,
        epsilon=b.like(epsilon, x),
    )
    if not fused:
        y = binary(b, "mul", y, scale)
        y = y if bias is None else binary(b, "add", y, bias)
    return [y, *_statistics(b, x, axes, epsilon)] if is_read(b, 1) or is_read(b, 2) else [y]


def _parameter(x: Var, parameter: Var | None, axes: Sequence[int]) -> Array | None:
    """A constant in the shape of the normalised axes, as MIL wants it; None where it cannot be."""
    array = array_of(parameter)
    sizes = [x.shape[axis] for axis in axes]
    if array is None or array.ndim > len(axes) or not all(isinstance(size, int | np.integer) for size in sizes):
        return None
    return np.ascontiguousarray(np.broadcast_to(array, sizes))


def _statistics(b: Builder, x: Var, axes: list[int], epsilon: float) -> Sequence[Var]:
    """Mean and reciprocal deviation, float32 with the axes kept."""
    wide = b.cast(x, "float32")
    mean = b.emit("reduce_mean", x=wide, axes=axes, keep_dims=True)
    centred = unary(b, "square", binary(b, "sub", wide, mean))
    variance = b.emit("reduce_mean", x=centred, axes=axes, keep_dims=True)
    return mean, unary(b, "rsqrt", variance, epsilon=np.float32(epsilon))


@onnx_op("RMSNormalization", since=23)
def rms_normalization(b: Builder, x: Var, scale: Var, *, axis: int, epsilon: float, stash_type: int) -> Var:
    """x / sqrt(mean of squares + epsilon) * scale over the axes from `axis` on."""
    rank = rank_of(x)
    axes = list(range(resolve_axis(axis, rank), rank))
    power = b.emit("reduce_mean", x=unary(b, "square", x), axes=axes, keep_dims=True)
    inverse = unary(b, "rsqrt", power, epsilon=b.like(epsilon, x))
    return binary(b, "mul", binary(b, "mul", x, inverse), b.cast(scale, dtype_of(x)))


@onnx_op("MeanVarianceNormalization", since=9)
def mean_variance_normalization(b: Builder, x: Var, *, axes: Sequence[int] | None) -> Var:
    """(x - mean) / (deviation + 1e-9), as the function that defines the operator in ONNX has it."""
    chosen = resolve_axes(list(axes or (0, 2, 3)), rank_of(x))
    centred = binary(b, "sub", x, b.emit("reduce_mean", x=x, axes=chosen, keep_dims=True))
    variance = b.emit("reduce_mean", x=unary(b, "square", centred), axes=chosen, keep_dims=True)
    return binary(b, "real_div", centred, binary(b, "add", unary(b, "sqrt", variance), 1e-9))
