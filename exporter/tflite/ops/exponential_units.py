"""Activations with an exponential: Elu, Celu, Selu, Softplus, Mish."""

import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, unary
from portproof.exporter.tflite.make.widened import FLOAT, widened
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import dtype_of

_MISH_LIMIT = 20.0
"""Above it tanh(softplus(x)) is 1 in float32, and exp(x)^2 does not overflow yet."""


@onnx_op("Elu")
def elu(b: Builder, x: ir.Value, *, alpha: float) -> ir.Value:
    """x where positive, else alpha (exp(x) - 1)."""
    return widened(b, FLOAT, [x], lambda p: _elu(b, p, alpha))


@onnx_op("Selu")
def selu(b: Builder, x: ir.Value, *, alpha: float, gamma: float) -> ir.Value:
    """Gamma times Elu."""
    return widened(b, FLOAT, [x], lambda p: binary(b, "MUL", _elu(b, p, alpha), gamma))


@onnx_op("Celu", since=12)
def celu(b: Builder, x: ir.Value, *, alpha: float) -> ir.Value:
    """max(0, x) + min(0, alpha (exp(x / alpha) - 1)), which is alpha ELU(x / alpha)."""
    if alpha <= 0:
        raise Refusal(f"alpha is {alpha}, and Celu is defined for positive ones", "use alpha > 0")
    if alpha == 1:
        return widened(b, FLOAT, [x], lambda p: unary(b, "ELU", p))
    return widened(b, FLOAT, [x], lambda p: binary(b, "MUL", unary(b, "ELU", binary(b, "MUL", p, 1 / alpha)), alpha))


@onnx_op("Softplus")
def softplus(b: Builder, x: ir.Value) -> ir.Value:
    """log(1 + exp(x)) as max(x, 0) + log(1 + exp(-|x|)), which does not overflow."""

    def compute(p: ir.Value) -> ir.Value:
        small = unary(b, "EXP", unary(b, "NEG", unary(b, "ABS", p)))
        return binary(b, "ADD", unary(b, "RELU", p), unary(b, "LOG", binary(b, "ADD", small, 1)))

    return widened(b, FLOAT, [x], compute)


@onnx_op("Mish", since=18)
def mish(b: Builder, x: ir.Value) -> ir.Value:
    """X tanh(log(1 + e)), e = exp(x), as x n / (n + 2) with n = e (e + 2): no logarithm, and exact for small e."""

    def compute(p: ir.Value) -> ir.Value:
        e = unary(b, "EXP", binary(b, "MINIMUM", b.const(_MISH_LIMIT, dtype_of(p)), p))
        n = binary(b, "MUL", e, binary(b, "ADD", e, 2))
        return binary(b, "MUL", p, binary(b, "DIV", n, binary(b, "ADD", n, 2)))

    return widened(b, FLOAT, [x], compute)


def _elu(b: Builder, x: ir.Value, alpha: float) -> ir.Value:
    """The kernel's alpha is 1: what is negative behind it is scaled by LEAKY_RELU."""
    y = unary(b, "ELU", x)
    return y if alpha == 1 else unary(b, "LEAKY_RELU", y, alpha=alpha)
