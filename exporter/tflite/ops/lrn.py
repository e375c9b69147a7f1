"""LRN: LOCAL_RESPONSE_NORMALIZATION, or its parts where the window is not symmetric."""

import math

import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast, unary
from portproof.exporter.tflite.make.floats import as_float32
from portproof.exporter.tflite.make.movement import channels_first, channels_last, pad, reshape
from portproof.exporter.tflite.make.pooling import kernel_2d
from portproof.exporter.tflite.make.window import Window
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import dtype_of, shape_of


@onnx_op("LRN", note="float32, float16")
def lrn(b: Builder, x: ir.Value, *, alpha: float, beta: float, bias: float, size: int) -> ir.Value:
    """x / (bias + alpha / size * sum of squares over `size` channels)^beta."""
    last = channels_last(b, as_float32(b, x, "LRN"))
    shape = shape_of(last)
    lines = reshape(b, last, (shape[0], 1, math.prod(shape[1:-1]), shape[-1])) if len(shape) != 4 else last
    if size % 2:
        # TFLite's alpha multiplies the sum, ONNX's the mean over the window's nominal size.
        options = {"radius": size // 2, "bias": bias, "alpha": alpha / size, "beta": beta}
        y = unary(b, "LOCAL_RESPONSE_NORMALIZATION", lines, **options)
    else:
        y = _by_pool(b, lines, alpha, beta, bias, size)
    return cast(b, channels_first(b, reshape(b, y, shape)), dtype_of(x))


def _by_pool(b: Builder, x: ir.Value, alpha: float, beta: float, bias: float, size: int) -> ir.Value:
    """The mean of squares over a window of channels, one more behind than in front; zeros stand beyond the ends."""
    shape = shape_of(x)
    squares = reshape(b, unary(b, "SQUARE", x), (math.prod(shape[:-1]), shape[-1], 1, 1))
    padded = pad(b, squares, [(0, 0), ((size - 1) // 2, size // 2), (0, 0), (0, 0)])
    window = Window(size=shape_of(padded)[1:3], kernel=(size, 1), stride=(1, 1), dilation=(1, 1), pads=((0, 0), (0, 0)))
    mean = reshape(b, kernel_2d(b, "AVERAGE_POOL_2D", padded, window, "VALID"), shape)
    scale = binary(b, "POW", binary(b, "ADD", binary(b, "MUL", mean, alpha), bias), -beta)
    return binary(b, "MUL", x, scale)
