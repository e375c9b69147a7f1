"""Activations; those that ONNX defines by a function body and that are not here are lowered by it."""

import numpy as np

from portproof.exporter.coreai.builder import Builder
from portproof.exporter.coreai.registry import onnx_op
from portproof.exporter.coreai.tensors import Tensor, array_of
from portproof.exporter.lowering.refusal import Refusal


@onnx_op("Gelu", since=20)
def gelu(b: Builder, x: Tensor, *, approximate: str) -> Tensor:
    """By the error function, or the tanh approximation."""
    return b.emit("gelu", x, approximate=approximate)


@onnx_op("Gelu", "FastGelu", domain="com.microsoft")
def gelu_of_onnx_runtime(b: Builder, x: Tensor, bias: Tensor | None = None, *, op_type: str) -> Tensor:
    """What patterns of older opsets become; FastGelu is the tanh approximation, and takes a bias."""
    given = x if bias is None else b.emit("broadcasting_add", x, bias)
    return b.emit("gelu", given, approximate="tanh" if op_type == "FastGelu" else "none")


@onnx_op("HardSigmoid", since=6)
def hard_sigmoid(b: Builder, x: Tensor, *, alpha: float, beta: float) -> Tensor:
    """alpha * x + beta, between 0 and 1."""
    line = b.emit("broadcasting_mul", x, b.like(alpha, x))
    return limited(b, b.emit("broadcasting_add", line, b.like(beta, x)), 0.0, 1.0)


@onnx_op("HardSwish", since=14)
def hard_swish(b: Builder, x: Tensor) -> Tensor:
    """X * HardSigmoid(x, 1 / 6, 0.5)."""
    return b.emit("broadcasting_mul", x, hard_sigmoid(b, x, alpha=1 / 6, beta=0.5))


@onnx_op("LeakyRelu", since=6)
def leaky_relu(b: Builder, x: Tensor, *, alpha: float) -> Tensor:
    """X where it is not negative, else alpha * x."""
    return _by_sign(b, x, b.emit("broadcasting_mul", x, b.like(alpha, x)))


@onnx_op("PRelu", since=9)
def prelu(b: Builder, x: Tensor, slope: Tensor) -> Tensor:
    """X where it is not negative, else slope * x."""
    return _by_sign(b, x, b.emit("broadcasting_mul", x, slope))


@onnx_op("Elu", since=6)
def elu(b: Builder, x: Tensor, *, alpha: float) -> Tensor:
    """X where it is positive, else alpha * (exp(x) - 1)."""
    below = b.emit("exp", b.emit("broadcasting_minimum", x, b.like(0, x)))
    below = b.emit("broadcasting_sub", below, b.like(1, x))
    return _by_sign(b, x, b.emit("broadcasting_mul", below, b.like(alpha, x)))


@onnx_op("Softplus", since=1)
def softplus(b: Builder, x: Tensor) -> Tensor:
    """log(1 + exp(x)), written so that no exponent is positive."""
    small = b.emit("exp", b.emit("broadcasting_mul", b.emit("abs_", x), b.like(-1, x)))
    log = b.emit("log", b.emit("broadcasting_add", small, b.like(1, x)))
    return b.emit("broadcasting_add", b.emit("relu", x), log)


@onnx_op("Softsign", since=1)
def softsign(b: Builder, x: Tensor) -> Tensor:
    """X / (1 + abs(x))."""
    return b.emit("broadcasting_divide", x, b.emit("broadcasting_add", b.emit("abs_", x), b.like(1, x)))


@onnx_op("Clip", since=6, note="limits are constants")
def clip_6(b: Builder, x: Tensor, *, min: float | None, max: float | None) -> Tensor:  # noqa: A002
    """The limits are attributes."""
    return limited(b, x, min, max)


@onnx_op("Clip", since=11, note="limits are constants")
def clip(b: Builder, x: Tensor, low: Tensor | None = None, high: Tensor | None = None) -> Tensor:
    """The limits are inputs; where they cross, the upper one holds."""
    return limited(b, x, *(None if end is None else array_of(end, "limit").item() for end in (low, high)))


def limited(b: Builder, x: Tensor, low: float | None, high: float | None) -> Tensor:
    """`x` between two numbers; NaN stays NaN."""
    y = x if low is None else b.emit("broadcasting_maximum", x, b.like(low, x))
    return y if high is None else b.emit("broadcasting_minimum", y, b.like(high, x))


@onnx_op("Softmax", since=13)
def softmax(b: Builder, x: Tensor, *, axis: int) -> Tensor:
    """Along one axis."""
    return b.emit("softmax", x, np.array(axis % x.rank, np.int32))


@onnx_op("LogSoftmax", since=13)
def log_softmax(b: Builder, x: Tensor, *, axis: int) -> Tensor:
    """X - max - log(sum(exp(x - max))), which no probability of 0 makes infinite."""
    axes = np.array([axis % x.rank], np.int32)
    low = b.emit("broadcasting_sub", x, b.emit("reduce_max", x, axes))
    total = b.emit("log", b.emit("reduce_sum", b.emit("exp", low), axes))
    return b.emit("broadcasting_sub", low, total)


@onnx_op("Softmax", "LogSoftmax", since=1, note="opset 13 and later")
def softmax_1(b: Builder, x: Tensor, *, axis: int, op_type: str) -> Tensor:
    """Of all axes from `axis` on, as one."""
    if axis % x.rank != x.rank - 1:
        raise Refusal(f"{op_type} of several axes as one, of opset 12 and before", "export with opset 13 or later")
    return (softmax if op_type == "Softmax" else log_softmax)(b, x, axis=axis)


def _by_sign(b: Builder, x: Tensor, below: Tensor) -> Tensor:
    """`x` where it is positive, else `below`."""
    positive = b.emit("broadcasting_greater", x, b.like(0, x))
    return b.emit("broadcasting_where", positive, x, below)
