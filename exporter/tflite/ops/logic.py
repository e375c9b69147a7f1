"""Comparisons, boolean operators, and the two questions about floats."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, unary
from portproof.exporter.tflite.make.doubles import compare_doubles
from portproof.exporter.tflite.make.widened import FLOAT, NUMBERS, widened
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import dtype_of, shape_of

_COMPARE = {
    "Equal": "EQUAL",
    "Less": "LESS",
    "Greater": "GREATER",
    "LessOrEqual": "LESS_EQUAL",
    "GreaterOrEqual": "GREATER_EQUAL",
}
_LOGICAL = {"And": "LOGICAL_AND", "Or": "LOGICAL_OR", "Xor": "NOT_EQUAL"}


@onnx_op("Equal", "Less", "Greater", since=7, note="not strings")
@onnx_op("LessOrEqual", "GreaterOrEqual", since=12)
def comparison(b: Builder, x: ir.Value, y: ir.Value, *, op_type: str) -> ir.Value:
    """Narrow integers go through int32: the int8 and uint8 kernels abort without a scale."""
    if dtype_of(x) == np.float64:
        return compare_doubles(b, _COMPARE[op_type], x, y)
    kernels = NUMBERS | {"bool"} if op_type == "Equal" else NUMBERS
    return widened(b, kernels, [x, y], lambda p, q: binary(b, _COMPARE[op_type], p, q), uint64="order")


@onnx_op("And", "Or", "Xor", since=7)
def logical(b: Builder, x: ir.Value, y: ir.Value, *, op_type: str) -> ir.Value:
    """Booleans differ where their exclusive or holds."""
    return binary(b, _LOGICAL[op_type], x, y)


@onnx_op("Not")
def not_(b: Builder, x: ir.Value) -> ir.Value:
    """The kernel has the same meaning."""
    return unary(b, "LOGICAL_NOT", x)


@onnx_op("IsNaN", since=9)
def is_nan(b: Builder, x: ir.Value) -> ir.Value:
    """NaN is all that differs from itself."""
    return widened(b, FLOAT, [x], lambda p: binary(b, "NOT_EQUAL", p, p))


@onnx_op("IsInf", since=10)
def is_inf(b: Builder, x: ir.Value, *, detect_negative: int, detect_positive: int) -> ir.Value:
    """One comparison, with the magnitude where both signs count."""
    if not detect_negative and not detect_positive:
        return b.const(np.zeros(shape_of(x), bool))
    if detect_negative and detect_positive:
        return widened(b, FLOAT, [x], lambda p: binary(b, "EQUAL", unary(b, "ABS", p), np.inf))
    wanted = np.inf if detect_positive else -np.inf
    return widened(b, FLOAT, [x], lambda p: binary(b, "EQUAL", p, wanted))
