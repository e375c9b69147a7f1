"""Activations that are one MIL operator, or a short product of two."""

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary, select, unary
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, is_float

_DIRECT = {"Sigmoid": "sigmoid", "Tanh": "tanh", "Softsign": "softsign", "Softplus": "softplus"}


@onnx_op("Sigmoid", "Tanh", "Softsign", "Softplus")
def direct(b: Builder, x: Var, *, op_type: str) -> Var:
    """One operator with the same meaning."""
    return unary(b, _DIRECT[op_type], x)


@onnx_op("Relu")
def relu(b: Builder, x: Var) -> Var:
    """max(0, x); MIL's relu has floats only."""
    return unary(b, "relu", x) if is_float(x) else binary(b, "maximum", x, 0)


@onnx_op("LeakyRelu")
def leaky_relu(b: Builder, x: Var, *, alpha: float) -> Var:
    """x where positive, alpha x elsewhere."""
    return unary(b, "leaky_relu", x, alpha=b.like(alpha, x))


@onnx_op("HardSigmoid")
def hard_sigmoid(b: Builder, x: Var, *, alpha: float, beta: float) -> Var:
    """max(0, min(1, alpha x + beta))."""
    return unary(b, "sigmoid_hard", x, alpha=b.like(alpha, x), beta=b.like(beta, x))


@onnx_op("Gelu", since=20)
def gelu(b: Builder, x: Var, *, approximate: str) -> Var:
    """Both the erf and the tanh form are MIL's."""
    return unary(b, "gelu", x, mode="TANH_APPROXIMATION" if approximate == "tanh" else "EXACT")


@onnx_op("Gelu", "FastGelu", domain="com.microsoft")
def gelu_of_onnxruntime(b: Builder, x: Var, bias: Var | None = None, *, op_type: str) -> Var:
    """ONNX Runtime's nodes, which models that it has optimised carry: FastGelu is the tanh form, with a bias."""
    biased = x if bias is None else binary(b, "add", x, bias)
    return gelu(b, biased, approximate="tanh" if op_type == "FastGelu" else "none")


@onnx_op("QuickGelu", domain="com.microsoft")
@onnx_op("Swish", since=24)
def swish(b: Builder, x: Var, *, alpha: float | None) -> Var:
    """X * sigmoid(alpha x)."""
    if alpha == 1:
        return unary(b, "silu", x)
    return binary(b, "mul", x, unary(b, "sigmoid", binary(b, "mul", x, 1.702 if alpha is None else alpha)))


@onnx_op("HardSwish", since=14)
def hard_swish(b: Builder, x: Var) -> Var:
    """X * max(0, min(1, x / 6 + 0.5))."""
    gate = unary(b, "sigmoid_hard", x, alpha=b.like(np.float32(1 / 6), x), beta=b.like(0.5, x))
    return binary(b, "mul", x, gate)


@onnx_op("ThresholdedRelu", since=10)
def thresholded_relu(b: Builder, x: Var, *, alpha: float) -> Var:
    """X above alpha, else 0; MIL's operator lets alpha itself through."""
    if alpha == 0:
        return unary(b, "relu", x)
    return select(b, binary(b, "greater", x, alpha), x, b.like(0, x))


@onnx_op("Shrink", since=9)
def shrink(b: Builder, x: Var, *, bias: float, lambd: float) -> Var:
    """X + bias below -lambd, x - bias above lambd, else 0."""
    below, above = binary(b, "less", x, -lambd), binary(b, "greater", x, lambd)
    down = select(b, above, binary(b, "sub", x, bias), b.like(0, x))
    return select(b, below, binary(b, "add", x, bias), down)
