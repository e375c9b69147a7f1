"""Activations with an exponential: Elu, Celu, Selu, Mish."""

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary, unary
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var
from portproof.exporter.lowering.refusal import Refusal


@onnx_op("Elu")
def elu(b: Builder, x: Var, *, alpha: float) -> Var:
    """x where positive, else alpha (exp(x) - 1)."""
    return unary(b, "elu", x, alpha=b.like(alpha, x))


@onnx_op("Selu")
def selu(b: Builder, x: Var, *, alpha: float, gamma: float) -> Var:
    """Gamma times Elu."""
    return binary(b, "mul", elu(b, x, alpha=alpha), gamma)


@onnx_op("Celu", since=12)
def celu(b: Builder, x: Var, *, alpha: float) -> Var:
    """max(0, x) + min(0, alpha (exp(x / alpha) - 1)), which is alpha ELU(x / alpha)."""
    if alpha <= 0:
        raise Refusal(f"alpha is {alpha}, and Celu is defined for positive ones", "use alpha > 0")
    if alpha == 1:
        return elu(b, x, alpha=1)
    return binary(b, "mul", elu(b, binary(b, "mul", x, 1 / alpha), alpha=1), alpha)


@onnx_op("Mish", since=18)
def mish(b: Builder, x: Var) -> Var:
    """X tanh(log(1 + exp(x)))."""
    return binary(b, "mul", x, unary(b, "tanh", unary(b, "softplus", x)))
