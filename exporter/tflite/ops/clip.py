"""Clip, ThresholdedRelu and Shrink."""

from functools import partial

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, select, unary
from portproof.exporter.tflite.make.doubles import calc_doubles
from portproof.exporter.tflite.make.movement import reshape
from portproof.exporter.tflite.make.widened import FLOAT, NUMBERS, widened
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, dtype_of

_KERNELS: dict[tuple[float | None, float | None], str] = {
    (0.0, None): "RELU",
    (0.0, 6.0): "RELU6",
    (-1.0, 1.0): "RELU_N1_TO_1",
}
"""Clamps that other operators take over as a fused activation; RELU_0_TO_1 is in no accelerator."""


@onnx_op("Clip")
def clip_attributes(b: Builder, x: ir.Value, *, min: float | None, max: float | None) -> ir.Value:  # noqa: A002
    """Up to opset 10 the bounds are attributes."""
    low, high = (None if bound is None else b.const(bound, dtype_of(x)) for bound in (min, max))
    return clip(b, x, low, high)


@onnx_op("Clip", since=11)
def clip(b: Builder, x: ir.Value, low: ir.Value | None = None, high: ir.Value | None = None) -> ir.Value:
    """min(high, max(low, x)), so the upper bound wins; each bound is a scalar and may be missing."""
    low, high = _bound(x, low, lowest=True), _bound(x, high, lowest=False)
    kernel = _KERNELS.get((_number(low), _number(high))) if dtype_of(x).name in ("float32", "float16") else None
    if kernel and (high is None or array_of(high) is not None):
        return widened(b, FLOAT, [x], lambda p: unary(b, kernel, p))
    for op, bound in (("MAXIMUM", low), ("MINIMUM", high)):
        if bound is not None and dtype_of(x) == np.float64:
            x = calc_doubles(b, op, reshape(b, bound, ()), x)
        elif bound is not None:
            x = widened(b, NUMBERS, [reshape(b, bound, ()), x], partial(binary, b, op), uint64="order")
    return x


def _bound(x: ir.Value, bound: ir.Value | None, *, lowest: bool) -> ir.Value | None:
    """None for a constant that bounds nothing: infinity, or the end of the type (the default of old opsets)."""
    array, dtype = array_of(bound), dtype_of(x)
    if array is None or dtype.kind not in "fiu":
        return bound
    ends = np.finfo(dtype) if dtype.kind == "f" else np.iinfo(dtype)
    free = array <= ends.min if lowest else array >= ends.max
    return None if np.all(free) else bound


def _number(bound: ir.Value | None) -> float | None:
    array = array_of(bound)
    return None if array is None else float(array.reshape(-1)[0])


@onnx_op("ThresholdedRelu", since=10)
def thresholded_relu(b: Builder, x: ir.Value, *, alpha: float) -> ir.Value:
    """x above alpha, else 0."""
    return widened(b, FLOAT, [x], lambda p: select(b, binary(b, "GREATER", p, alpha), p, b.const(0.0, dtype_of(p))))


@onnx_op("Shrink", since=9)
def shrink(b: Builder, x: ir.Value, *, bias: float, lambd: float) -> ir.Value:
    """X + bias below -lambd, x - bias above lambd, else 0."""

    def compute(p: ir.Value) -> ir.Value:
        below, above = binary(b, "LESS", p, -lambd), binary(b, "GREATER", p, lambd)
        up, down = binary(b, "ADD", p, bias), binary(b, "SUB", p, bias)
        return select(b, below, up, select(b, above, down, b.const(0, dtype_of(p))))

    return widened(b, FLOAT, [x], compute)
