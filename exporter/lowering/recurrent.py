"""What the attributes of LSTM, GRU and RNN ask for: directions, and the activation functions of each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from portproof.exporter.lowering.refusal import Refusal

Tensor = TypeVar("Tensor")

_DEFAULTS: Mapping[str, tuple[float | None, ...]] = {
    "affine": (None, None),
    "elu": (1.0,),
    "hardsigmoid": (0.2, 0.5),
    "leakyrelu": (0.01,),
    "scaledtanh": (None, None),
    "thresholdedrelu": (None,),
}
"""Alpha and beta of the functions that have them; None where no operator gives one, or where runtimes differ: a
threshold left out is 1 in the schema of ThresholdedRelu and 0 in ONNX Runtime's layers."""
_DIRECTIONS = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}


@dataclass(frozen=True, kw_only=True)
class Activation(Generic[Tensor]):
    """One function of one direction.

    Attributes:
        name: in lower case; ONNX Runtime takes any case.
        values: alpha, or alpha and beta, where the function has them.
        function: of a builder, the tensor, and the values.
    """

    name: str
    values: tuple[float, ...] = ()
    function: Callable[..., Tensor]

    def __call__(self, b: Any, x: Tensor) -> Tensor:
        """The function of `x`, element by element."""
        return self.function(b, x, *self.values)


def reverses(direction: str, count: int) -> list[bool]:
    """Whether each direction runs from the end.

    Args:
        direction: the attribute.
        count: for how many directions there are weights.

    Raises:
        Refusal: an unknown direction, or weights for another number of them.
    """
    if direction not in _DIRECTIONS:
        raise Refusal(f"direction {direction}", f"known are {', '.join(_DIRECTIONS)}")
    if len(_DIRECTIONS[direction]) != count:
        raise Refusal(f"{direction} with weights for {count} directions")
    return _DIRECTIONS[direction]


def of_directions(
    names: Sequence[str] | None,
    alphas: Sequence[float] | None,
    betas: Sequence[float] | None,
    *,
    usual: Sequence[str],
    count: int,
    functions: Mapping[str, Callable[..., Tensor]],
) -> list[list[Activation[Tensor]]]:
    """The activations of each of `count` directions; `usual` where the node names none.

    Raises:
        Refusal: as for `activations`; or not as many as the directions need.
    """
    size = len(usual)
    asked = list(names or [])[: count * size] or list(usual) * count
    if len(asked) != count * size:
        raise Refusal(f"{len(asked)} activations for {count} directions of {size}")
    found = activations(asked, alphas, betas, functions)
    return [found[index * size : (index + 1) * size] for index in range(count)]


def activations(
    names: Sequence[str],
    alphas: Sequence[float] | None,
    betas: Sequence[float] | None,
    functions: Mapping[str, Callable[..., Tensor]],
) -> list[Activation[Tensor]]:
    """The functions, in the order of `names`; those that have an alpha or a beta take the values given in turn.

    Values left out are those of the ONNX operator of the same name, as the schema says.

    Raises:
        Refusal: an unknown function, a value missing where no operator gives one, or more values than are taken.
    """
    given = [list(alphas or []), list(betas or [])]
    found = [_activation(name.lower(), given, functions) for name in names]
    if any(given):
        raise Refusal("activation_alpha or activation_beta has more values than the activations take")
    return found


def _activation(
    name: str, given: list[list[float]], functions: Mapping[str, Callable[..., Tensor]]
) -> Activation[Tensor]:
    if name not in functions:
        raise Refusal(f"activation {name} is unknown", f"known are {', '.join(sorted(functions))}")
    values = []
    for default, left in zip(_DEFAULTS.get(name, ()), given, strict=False):
        value = float(left.pop(0)) if left else default
        if value is None:
            raise Refusal(f"activation {name} needs its values", "give activation_alpha and activation_beta")
        values.append(value)
    return Activation(name=name, values=tuple(values), function=functions[name])
