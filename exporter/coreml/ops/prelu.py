"""PRelu: a slope for what is negative, broadcast to the input."""

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary, select, unary
from portproof.exporter.coreml.make.wrapping import wrapped
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Array, Var, array_of, is_float, rank_of, shape_of


@onnx_op("PRelu")
def prelu_1(b: Builder, x: Var, slope: Var) -> Var:
    """Up to opset 6 the slope is one number, or one for each channel (axis 1)."""
    if shape_of(slope) != (1,) and rank_of(x) > 1:
        slope = b.emit("reshape", x=slope, shape=[*shape_of(slope), *[1] * (rank_of(x) - 2)])
    return prelu(b, x, slope)


@onnx_op("PRelu", since=7)
def prelu(b: Builder, x: Var, slope: Var) -> Var:
    """MIL's prelu for a slope of each channel of images, leaky_relu for a single one, else by arithmetic."""
    array = array_of(slope)
    if not is_float(x):
        return wrapped(b, select(b, binary(b, "less", x, 0), binary(b, "mul", x, slope), x))
    if array is not None and array.size == 1:
        return unary(b, "leaky_relu", x, alpha=b.like(float(array.reshape(-1)[0]), x))
    channels = _of_channels(x, array)
    if channels is not None:
        return unary(b, "prelu", x, alpha=b.like(channels, x))
    below = binary(b, "mul", binary(b, "minimum", x, 0), slope)
    return binary(b, "add", unary(b, "relu", x), below)


def _of_channels(x: Var, slope: Array | None) -> Array | None:
    """The slopes [C] of a constant that differs along axis 1 of `x` [N, C, H, W] only."""
    if slope is None or rank_of(x) != 4 or slope.ndim < 3 or slope.size != slope.shape[-3]:
        return None
    return np.ascontiguousarray(slope.reshape(-1)) if slope.size == x.shape[1] else None
