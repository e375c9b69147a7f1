"""PRelu: a slope for what is negative, broadcast to the input."""

import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import align, binary, select, unary
from portproof.exporter.tflite.make.movement import reshape
from portproof.exporter.tflite.make.widened import FLOAT, INTS, widened
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, dtype_of, rank_of, shape_of


@onnx_op("PRelu", note="not uint64")
def prelu_1(b: Builder, x: ir.Value, slope: ir.Value) -> ir.Value:
    """Up to opset 6 the slope is one number, or one for each channel (axis 1)."""
    if shape_of(slope) != (1,) and rank_of(x) > 1:
        slope = reshape(b, slope, (*shape_of(slope), *[1] * (rank_of(x) - 2)))
    return prelu(b, x, slope)


@onnx_op("PRelu", since=7, note="not uint64")
def prelu(b: Builder, x: ir.Value, slope: ir.Value) -> ir.Value:
    """PRELU, LEAKY_RELU for a single constant slope, a selection for integers."""
    if dtype_of(x).kind == "u":
        return x
    if dtype_of(x).kind == "i":
        return widened(b, INTS, [x, slope], lambda p, q: _selected(b, p, q))
    array = array_of(slope)
    if array is not None and array.size == 1:
        return widened(b, FLOAT, [x], lambda p: unary(b, "LEAKY_RELU", p, alpha=float(array.reshape(-1)[0])))
    return widened(b, FLOAT, [x, slope], lambda p, q: _prelu(b, p, q))


def _prelu(b: Builder, x: ir.Value, slope: ir.Value) -> ir.Value:
    shape, operands = align(b, [x, slope])
    return b.emit("PRELU", operands, shape=shape, dtype=dtype_of(x))


def _selected(b: Builder, x: ir.Value, slope: ir.Value) -> ir.Value:
    return select(b, binary(b, "LESS", x, 0), binary(b, "MUL", x, slope), x)
