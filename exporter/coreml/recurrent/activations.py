"""The activation functions that LSTM, GRU and RNN name in their attributes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary, select, unary
from portproof.exporter.coreml.values import Var
from portproof.exporter.lowering.refusal import Refusal


@dataclass(frozen=True, kw_only=True)
class Activation:
    """One function of one direction.

    Attributes:
        name: in lower case; ONNX Runtime takes any case.
        values: alpha, or alpha and beta, where the function has them.
    """

    name: str
    values: tuple[float, ...] = ()

    def __call__(self, b: Builder, x: Var) -> Var:
        """The function of `x`, element by element."""
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


def _parametric(op: str, *names: str) -> Callable[..., Var]:
    def made(b: Builder, x: Var, *values: float) -> Var:
        return unary(b, op, x, **{name: b.like(value, x) for name, value in zip(names, values, strict=True)})

    return made


def _affine(b: Builder, x: Var, alpha: float, beta: float) -> Var:
    return binary(b, "add", binary(b, "mul", x, alpha), beta)


def _thresholded(b: Builder, x: Var, alpha: float) -> Var:
    return select(b, binary(b, "greater", x, alpha), x, 0)


_FUNCTIONS: dict[str, Callable[..., Var]] = {
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
