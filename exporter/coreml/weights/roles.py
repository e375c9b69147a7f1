"""Which constants are weights, and which of their axes are output and input channels."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Role:
    """The axes of a weight: `out` has a scale or palette of its own for each index, blocks lie along `into`."""

    out: int
    into: int


_ROWS = Role(out=0, into=1)
_PLAIN = {
    ("conv", "weight"): _ROWS,
    ("linear", "weight"): _ROWS,
    ("gather", "x"): _ROWS,
    ("lstm", "weight_ih"): _ROWS,
    ("lstm", "weight_hh"): _ROWS,
    ("lstm", "weight_ih_back"): _ROWS,
    ("lstm", "weight_hh_back"): _ROWS,
    ("gru", "weight_ih"): _ROWS,
    ("gru", "weight_hh"): _ROWS,
    ("rnn", "weight_ih"): _ROWS,
    ("rnn", "weight_hh"): _ROWS,
    ("conv_transpose", "weight"): Role(out=1, into=0),
}


def role_of(value: Any) -> Role | None:
    """The role of a constant of a MIL program; None where it is no weight, or is used in two ways.

    Args:
        value: `Var` of a ``const``.
    """
    users = list(value.child_ops)
    roles = {_role(op, value) for op in users}
    if len(roles) != 1 or value.consuming_blocks or len(value.shape) < 2:
        return None
    return roles.pop()


def _role(op: Any, value: Any) -> Role | None:
    places = [name for name, given in op.inputs.items() if given is value]
    if len(places) != 1:
        return None
    if op.op_type == "matmul":
        return _matmul(places[0], bool(op.inputs[f"transpose_{places[0]}"].val), len(value.shape))
    return _PLAIN.get((op.op_type, places[0]))


def _matmul(place: str, transposed: bool, rank: int) -> Role:
    """Of x [..., rows, inner] and y [..., inner, columns], either of them possibly transposed."""
    outer_first = (place == "x") != transposed
    return Role(out=rank - 2, into=rank - 1) if outer_first else Role(out=rank - 1, into=rank - 2)
