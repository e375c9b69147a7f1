"""Add, Sub, Mul, Div with numpy's broadcasting; Neg, Abs, Sign."""

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary, unary
from portproof.exporter.coreml.make.integer import truncated_quotient
from portproof.exporter.coreml.make.wrapping import wrapped
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, is_float

_BINARY = {"Add": "add", "Sub": "sub", "Mul": "mul"}


@onnx_op("Add", "Sub", "Mul", since=7)
def add_sub_mul(b: Builder, x: Var, y: Var, *, op_type: str) -> Var:
    """The operators have the same broadcasting; narrow integers wrap around."""
    return wrapped(b, binary(b, _BINARY[op_type], x, y))


@onnx_op("Div", since=7)
def div(b: Builder, x: Var, y: Var) -> Var:
    """Integers are truncated toward zero, where MIL's floor_div rounds down."""
    if is_float(x):
        return binary(b, "real_div", x, y)
    return truncated_quotient(b, x, y)


@onnx_op("Neg")
def neg(b: Builder, x: Var) -> Var:
    """Minus x."""
    return wrapped(b, binary(b, "mul", x, -1))


@onnx_op("Abs")
def abs_(b: Builder, x: Var) -> Var:
    """Without a sign; of the lowest of the narrow integers itself, as in C."""
    return wrapped(b, unary(b, "abs", x))


@onnx_op("Sign", since=9)
def sign(b: Builder, x: Var) -> Var:
    """-1, 0 or 1."""
    return unary(b, "sign", x)


@onnx_op("Reciprocal")
def reciprocal(b: Builder, x: Var) -> Var:
    """1 / x; MIL's inverse adds an epsilon, which is set to nothing."""
    return b.emit("real_div", x=b.like(np.float32(1), x), y=x)
