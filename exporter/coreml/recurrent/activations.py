"""The activation functions that LSTM, GRU and RNN name in their attributes, by their names in lower case."""

from collections.abc import Callable

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary, select, unary
from portproof.exporter.coreml.values import Var


def _parametric(op: str, *names: str) -> Callable[..., Var]:
    def made(b: Builder, x: Var, *values: float) -> Var:
        return unary(b, op, x, **{name: b.like(value, x) for name, value in zip(names, values, strict=True)})

    return made


def _affine(b: Builder, x: Var, alpha: float, beta: float) -> Var:
    return binary(b, "add", binary(b, "mul", x, alpha), beta)


def _thresholded(b: Builder, x: Var, alpha: float) -> Var:
    return select(b, binary(b, "greater", x, alpha), x, 0)


FUNCTIONS: dict[str, Callable[..., Var]] = {
    "affine": _affine,
    "elu": _parametric("elu", "alpha"),
    "hardsigmoid": _parametric("sigmoid_hard", "alpha", "beta"),
    "leakyrelu": _parametric("leaky_relu", "alpha"),
    "relu": _parametric("relu"),
    "scaledtanh": _parametric("scaled_tanh", "alpha", "beta"),
    "sigmoid": _parametric("sigmoid"),
    "softplus": _parametric("softplus"),
    "softsign": _parametric("softsign"),
    "tanh": _parametric("tanh"),
    "thresholdedrelu": _thresholded,
}
