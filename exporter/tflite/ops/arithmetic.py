"""Add, Sub, Mul, Div with numpy's broadcasting; Neg, Abs, Sign."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast, unary
from portproof.exporter.tflite.make.division import divide_int64
from portproof.exporter.tflite.make.doubles import calc_doubles
from portproof.exporter.tflite.make.unsigned import divide_uint64
from portproof.exporter.tflite.make.widened import FLOAT, INT, NUMBERS, widened
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import dtype_of

_BINARY = {"Add": "ADD", "Sub": "SUB", "Mul": "MUL", "Div": "DIV"}


@onnx_op("Add", "Sub", "Mul", since=7)
def add_sub_mul(b: Builder, x: ir.Value, y: ir.Value, *, op_type: str) -> ir.Value:
    """The kernels have the same broadcasting; integers wrap around."""
    if dtype_of(x) == np.float64:
        return calc_doubles(b, _BINARY[op_type], x, y)
    return widened(b, NUMBERS, [x, y], lambda p, q: binary(b, _BINARY[op_type], p, q), uint64="bits")


@onnx_op("Div", since=7)
def div(b: Builder, x: ir.Value, y: ir.Value) -> ir.Value:
    """Integers are truncated toward zero, as the kernel does; it fails at run time on a divisor of 0."""
    if dtype_of(x) == np.uint64:
        return divide_uint64(b, x, y)
    if dtype_of(x).name in ("int64", "uint32"):
        return widened(b, NUMBERS, [x, y], lambda p, q: divide_int64(b, p, q))
    return widened(b, FLOAT | INT, [x, y], lambda p, q: binary(b, "DIV", p, q))


@onnx_op("Neg")
def neg(b: Builder, x: ir.Value) -> ir.Value:
    """Minus x."""
    if dtype_of(x) == np.float64:
        return calc_doubles(b, "MUL", x, b.const(-1.0, np.float64))
    return widened(b, NUMBERS, [x], lambda p: unary(b, "NEG", p))


@onnx_op("Abs")
def abs_(b: Builder, x: ir.Value) -> ir.Value:
    """The kernel has no int64: there it is max(x, -x), exact, and the lowest value stays what it is, as in C."""
    if dtype_of(x).kind == "u":
        return x
    if dtype_of(x).name == "int64":
        return binary(b, "MAXIMUM", x, unary(b, "NEG", x))
    return widened(b, FLOAT | INT, [x], lambda p: unary(b, "ABS", p))


@onnx_op("Sign", since=9)
def sign(b: Builder, x: ir.Value) -> ir.Value:
    """-1, 0 or 1; NaN stays NaN. int64, which the kernel lacks: (x > 0) - (x < 0)."""
    if dtype_of(x).name in ("int64", "uint32"):
        return widened(b, NUMBERS, [x], lambda p: _sign_by_comparison(b, p))
    return widened(b, FLOAT | INT, [x], lambda p: unary(b, "SIGN", p))


def _sign_by_comparison(b: Builder, x: ir.Value) -> ir.Value:
    above, below = (cast(b, binary(b, op, x, 0), dtype_of(x)) for op in ("GREATER", "LESS"))
    return binary(b, "SUB", above, below)
