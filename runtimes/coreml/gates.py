"""What the recurrent operators share: activations by name, the order of time, shapes of weights."""

from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it

Activation = Callable[[torch.Tensor], torch.Tensor]


def _hard_sigmoid(x: torch.Tensor) -> torch.Tensor:
    return (0.2 * x + 0.5).clamp(0.0, 1.0)


def _linear(x: torch.Tensor) -> torch.Tensor:
    return x


_ACTIVATIONS: dict[str, Activation] = {
    "hard_sigmoid": _hard_sigmoid,
    "linear": _linear,
    "relu": F.relu,
    "scaled_tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "sigmoid_hard": _hard_sigmoid,
    "tanh": torch.tanh,
}
"""With the standard numbers for those that have any: a scaled tanh is a tanh, a linear function passes on."""


def activation(name: str) -> Activation:
    """The function of that name, in either case of letters.

    Raises:
        ValueError: there is none.
    """
    function = _ACTIVATIONS.get(name.lower())
    if function is None:
        raise ValueError(f"there is no activation {name!r}: {', '.join(_ACTIVATIONS)} are known")
    return function


def in_order(x: torch.Tensor, direction: str) -> torch.Tensor:
    """`x` [time, ...] with the step that is processed first at the front.

    What a reversed operator gives is in that order too: its first output belongs to the last step of the input
    (coremltools' tests compare with torch on a flipped input).

    Raises:
        ValueError: a direction that is neither ``forward`` nor ``reverse``.
    """
    if direction not in ("forward", "reverse"):
        raise ValueError(f"there is no direction {direction!r}")
    return x.flip(0) if direction == "reverse" else x


def check_shapes(x: torch.Tensor, weight_ih: torch.Tensor, weight_hh: torch.Tensor, gates: int) -> None:
    """Raises `ValueError` unless x is [s, b, I] and the weights are [gates * H, I] and [gates * H, H]."""
    shapes = f"{list(weight_ih.shape)} and {list(weight_hh.shape)}"
    if x.dim() != 3 or weight_ih.dim() != 2 or weight_hh.dim() != 2:
        raise ValueError(f"an input of shape {list(x.shape)} with weights of shapes {shapes}")
    hidden = weight_hh.shape[1]
    if tuple(weight_ih.shape) != (gates * hidden, x.shape[2]) or weight_hh.shape[0] != gates * hidden:
        raise ValueError(f"weights of shapes {shapes} do not hold {gates} gates for an input of {x.shape[2]}")
    if x.shape[0] == 0:
        raise ValueError("a sequence without steps")


def initial(state: torch.Tensor, batch: int, hidden: int) -> torch.Tensor:
    """A state to begin with, [batch, hidden].

    For packed sequences coremltools writes zeros for another batch. Of rows that are all alike it does not matter how
    many there are.

    Raises:
        ValueError: rows for another batch that differ, or of another length.
    """
    if tuple(state.shape) == (batch, hidden):
        return state
    if state.dim() != 2 or state.shape[1] != hidden or not bool((state == state[:1]).all()) or not len(state):
        raise ValueError(f"a state of shape {list(state.shape)}, where [{batch}, {hidden}] is needed")
    return state[:1].expand(batch, hidden)


def all_or_last(steps: torch.Tensor, output_sequence: bool) -> torch.Tensor:
    """Every step [s, b, H], or the last processed one [1, b, H]."""
    return steps if output_sequence else steps[-1:]
