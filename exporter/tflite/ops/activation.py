"""Activations of one input that are one TFLite operator, or a short product of two."""

import math

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, unary
from portproof.exporter.tflite.registry import onnx_op

_DIRECT = {"Relu": "RELU", "Sigmoid": "LOGISTIC", "Tanh": "TANH", "HardSwish": "HARD_SWISH"}


@onnx_op("Relu", "Sigmoid", "Tanh", "HardSwish")
def direct(b: Builder, x: ir.Value, *, op_type: str) -> ir.Value:
    """One kernel with the same meaning."""
    return unary(b, _DIRECT[op_type], x)


@onnx_op("LeakyRelu")
def leaky_relu(b: Builder, x: ir.Value, *, alpha: float) -> ir.Value:
    """x where positive, alpha x elsewhere."""
    return unary(b, "LEAKY_RELU", x, alpha=alpha)


@onnx_op("HardSigmoid")
def hard_sigmoid(b: Builder, x: ir.Value, *, alpha: float, beta: float) -> ir.Value:
    """max(0, min(1, alpha x + beta)); the usual alpha of 1/6 is relu6(x + 6 beta) / 6, an add with a fused clamp."""
    if math.isclose(alpha, 1 / 6, rel_tol=1e-6):
        return binary(b, "MUL", unary(b, "RELU6", binary(b, "ADD", x, 6 * beta)), 1 / 6)
    scaled = binary(b, "ADD", binary(b, "MUL", x, alpha), beta)
    return binary(b, "MINIMUM", binary(b, "MAXIMUM", scaled, 0.0), 1.0)


@onnx_op("Gelu", since=20)
def gelu(b: Builder, x: ir.Value, *, approximate: str) -> ir.Value:
    """Both the erf and the tanh form have a kernel."""
    return unary(b, "GELU", x, approximate=approximate == "tanh")


@onnx_op("Swish", since=24)
def swish(b: Builder, x: ir.Value, *, alpha: float) -> ir.Value:
    """X * sigmoid(alpha x)."""
    inner = x if alpha == 1 else binary(b, "MUL", x, np.float32(alpha))
    return binary(b, "MUL", x, unary(b, "LOGISTIC", inner))
