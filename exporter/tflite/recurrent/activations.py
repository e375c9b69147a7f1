"""The activation functions that LSTM, GRU and RNN name in their attributes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, unary
from portproof.exporter.tflite.ops.activation import hard_sigmoid, leaky_relu, softsign
from portproof.exporter.tflite.ops.clip import thresholded_relu
from portproof.exporter.tflite.ops.exponential_units import elu, softplus


@dataclass(frozen=True, kw_only=True)
class Activation:
    """One function of one direction.

    Attributes:
        name: in lower case; ONNX Runtime takes any case.
        values: alpha, or alpha and beta, where the function has them.
    """

    name: str
    values: tuple[float, ...] = ()

    def __call__(self, b: Builder, x: ir.Value) -> ir.Value:
        """The function of float32 `x`, element by element."""
        return _FUNCTIONS[self.name](b, x, *self.values)


def activations(
    names: Sequence[str], alphas: Sequence[float] | None, betas: Sequence[float] | None
) -> list[Activation]:
    """The functions, in the order of `names`; those that have an alpha or a beta take the values given in turn.

    Values left out are those of the ONNX operator of the same name, as the schema says.

    Raises:
        Refusal: an unknown function, a value missing where no operator gives one, or more values than are taken.
    """
    given = [list(alphas or []), list(betas or [])]
    found = [_activation(name.lower(), given) for name in names]
    if any(given):
        raise Refusal("activation_alpha or activation_beta has more values than the activations take")
    return found


def _activation(name: str, given: list[list[float]]) -> Activation:
    if name not in _FUNCTIONS:
        raise Refusal(f"activation {name} is unknown", f"known are {', '.join(sorted(_FUNCTIONS))}")
    values = []
    for default, left in zip(_DEFAULTS.get(name, ()), given, strict=False):
        value = float(left.pop(0)) if left else default
        if value is None:
            raise Refusal(f"activation {name} needs its values", "give activation_alpha and activation_beta")
        values.append(value)
    return Activation(name=name, values=tuple(values))


_DEFAULTS: dict[str, tuple[float | None, ...]] = {
    "affine": (None, None),
    "elu": (1.0,),
    "hardsigmoid": (0.2, 0.5),
    "leakyrelu": (0.01,),
    "scaledtanh": (None, None),
    "thresholdedrelu": (None,),
}
"""Alpha and beta of the functions that have them; None where no operator gives one, or where runtimes differ: a
threshold left out is 1 in the schema of ThresholdedRelu and 0 in ONNX Runtime's layers."""


def _affine(b: Builder, x: ir.Value, alpha: float, beta: float) -> ir.Value:
    return binary(b, "ADD", binary(b, "MUL", x, alpha), beta)


def _scaled_tanh(b: Builder, x: ir.Value, alpha: float, beta: float) -> ir.Value:
    return binary(b, "MUL", unary(b, "TANH", binary(b, "MUL", x, beta)), alpha)


_FUNCTIONS: dict[str, Callable[..., ir.Value]] = {
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
