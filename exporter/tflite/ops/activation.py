"""Activations that are one TFLite operator, or a short product of two."""

import math

import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, unary
from portproof.exporter.tflite.make.widened import FLOAT, NUMBERS, widened
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import dtype_of

_DIRECT = {"Sigmoid": "LOGISTIC", "Tanh": "TANH", "HardSwish": "HARD_SWISH"}


@onnx_op("Sigmoid", "Tanh")
@onnx_op("HardSwish", since=14)
def direct(b: Builder, x: ir.Value, *, op_type: str) -> ir.Value:
    """One kernel with the same meaning."""
    return widened(b, FLOAT, [x], lambda p: unary(b, _DIRECT[op_type], p))


@onnx_op("Relu")
def relu(b: Builder, x: ir.Value) -> ir.Value:
    """max(0, x); the kernel has floats only."""
    if dtype_of(x).kind == "f":
        return widened(b, FLOAT, [x], lambda p: unary(b, "RELU", p))
    return widened(b, NUMBERS, [x], lambda p: binary(b, "MAXIMUM", p, 0))


@onnx_op("LeakyRelu")
def leaky_relu(b: Builder, x: ir.Value, *, alpha: float) -> ir.Value:
    """x where positive, alpha x elsewhere."""
    return widened(b, FLOAT, [x], lambda p: unary(b, "LEAKY_RELU", p, alpha=alpha))


@onnx_op("HardSigmoid")
def hard_sigmoid(b: Builder, x: ir.Value, *, alpha: float, beta: float) -> ir.Value:
    """max(0, min(1, alpha x + beta)) as relu6(6 alpha x + 6 beta) / 6: an add with a fused clamp."""

    def compute(p: ir.Value) -> ir.Value:
        usual = math.isclose(alpha, 1 / 6, rel_tol=1e-6)
        scaled = p if usual else binary(b, "MUL", p, 6 * alpha)
        return binary(b, "MUL", unary(b, "RELU6", binary(b, "ADD", scaled, 6 * beta)), 1 / 6)

    return widened(b, FLOAT, [x], compute)


@onnx_op("Gelu", since=20)
def gelu(b: Builder, x: ir.Value, *, approximate: str) -> ir.Value:
    """Both the erf and the tanh form have a kernel."""
    return widened(b, FLOAT, [x], lambda p: unary(b, "GELU", p, approximate=approximate == "tanh"))


@onnx_op("Gelu", "FastGelu", domain="com.microsoft")
def gelu_of_onnxruntime(b: Builder, x: ir.Value, bias: ir.Value | None = None, *, op_type: str) -> ir.Value:
    """ONNX Runtime's nodes, which models that it has optimised carry: FastGelu is the tanh form, with a bias."""
    biased = x if bias is None else widened(b, FLOAT, [x, bias], lambda p, q: binary(b, "ADD", p, q))
    return gelu(b, biased, approximate="tanh" if op_type == "FastGelu" else "none")


@onnx_op("Swish", since=24)
def swish(b: Builder, x: ir.Value, *, alpha: float) -> ir.Value:
    """X * sigmoid(alpha x)."""

    def compute(p: ir.Value) -> ir.Value:
        inner = p if alpha == 1 else binary(b, "MUL", p, alpha)
        return binary(b, "MUL", p, unary(b, "LOGISTIC", inner))

    return widened(b, FLOAT, [x], compute)


@onnx_op("Softsign")
def softsign(b: Builder, x: ir.Value) -> ir.Value:
    """X / (1 + |x|)."""
    return widened(b, FLOAT, [x], lambda p: binary(b, "DIV", p, binary(b, "ADD", unary(b, "ABS", p), 1)))
