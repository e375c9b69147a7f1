"""The activation functions that LSTM, GRU and RNN name in their attributes, by their names in lower case."""

from collections.abc import Callable

import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, unary
from portproof.exporter.tflite.ops.activation import hard_sigmoid, leaky_relu, softsign
from portproof.exporter.tflite.ops.clip import thresholded_relu
from portproof.exporter.tflite.ops.exponential_units import elu, softplus


def _affine(b: Builder, x: ir.Value, alpha: float, beta: float) -> ir.Value:
    return binary(b, "ADD", binary(b, "MUL", x, alpha), beta)


def _scaled_tanh(b: Builder, x: ir.Value, alpha: float, beta: float) -> ir.Value:
    return binary(b, "MUL", unary(b, "TANH", binary(b, "MUL", x, beta)), alpha)


FUNCTIONS: dict[str, Callable[..., ir.Value]] = {
    "affine": _affine,
    "elu": lambda b, x, alpha: elu(b, x, alpha=alpha),
    "hardsigmoid": lambda b, x, alpha, beta: hard_sigmoid(b, x, alpha=alpha, beta=beta),
    "leakyrelu": lambda b, x, alpha: leaky_relu(b, x, alpha=alpha),
    "relu": lambda b, x: unary(b, "RELU", x),
    "scaledtanh": _scaled_tanh,
    "sigmoid": lambda b, x: unary(b, "LOGISTIC", x),
    "softplus": softplus,
    "softsign": softsign,
    "tanh": lambda b, x: unary(b, "TANH", x),
    "thresholdedrelu": lambda b, x, alpha: thresholded_relu(b, x, alpha=alpha),
}
