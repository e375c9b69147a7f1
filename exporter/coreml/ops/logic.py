"""Comparisons, boolean operators, and the two questions about floats."""

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary, unary
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, dtype_of

_COMPARE = {
    "Equal": "equal",
    "Less": "less",
    "Greater": "greater",
    "LessOrEqual": "less_equal",
    "GreaterOrEqual": "greater_equal",
}


@onnx_op("Equal", "Less", "Greater", since=7, note="not strings")
@onnx_op("LessOrEqual", "GreaterOrEqual", since=12)
def comparison(b: Builder, x: Var, y: Var, *, op_type: str) -> Var:
    """MIL compares numbers only: whether truth values are equal is asked of 0 and 1."""
    if dtype_of(x) == "bool":
        x, y = (b.cast(value, "int32") for value in (x, y))
    return binary(b, _COMPARE[op_type], x, y)


@onnx_op("And", "Or", "Xor", since=7)
def logical(b: Builder, x: Var, y: Var, *, op_type: str) -> Var:
    """The operators have the same meaning."""
    return binary(b, f"logical_{op_type.lower()}", x, y)


@onnx_op("Not")
def not_(b: Builder, x: Var) -> Var:
    """The operator has the same meaning."""
    return unary(b, "logical_not", x)


@onnx_op("IsNaN", since=9)
def is_nan(b: Builder, x: Var) -> Var:
    """NaN is all that differs from itself."""
    return binary(b, "not_equal", x, x)


@onnx_op("IsInf", since=10)
def is_inf(b: Builder, x: Var, *, detect_negative: int, detect_positive: int) -> Var:
    """One comparison, with the magnitude where both signs count."""
    if not detect_negative and not detect_positive:
        return b.emit("logical_and", x=binary(b, "less", x, 0), y=binary(b, "greater", x, 0))
    if detect_negative and detect_positive:
        return binary(b, "equal", unary(b, "abs", x), np.inf)
    return binary(b, "equal", x, np.inf if detect_positive else -np.inf)
