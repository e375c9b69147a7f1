"""Constant indices that are moves of axes: blocks of an image, windows side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from portproof.exporter.tflite.values import Array

_Loop = tuple[int, int]
"""A step and how many times it is made."""


@dataclass(frozen=True, kw_only=True)
class Moves:
    """``index == start + arange(n).reshape(sizes).transpose(order).reshape(-1)``.

    Attributes:
        start: the first entry.
        sizes: into which the entries from `start` on are taken apart.
        order: of those axes.
    """

    start: int
    sizes: tuple[int, ...]
    order: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many entries there are, all neighbours."""
        return int(np.prod(self.sizes, dtype=np.int64))


def as_moves(index: Array) -> Moves | None:
    """The moves that `index`, of any shape, makes on its axis; None if it leaves entries out or takes some twice."""
    flat = [int(item) for item in index.reshape(-1)]
    if not flat:
        return None
    loops = _loops(flat)
    outer_first = sorted(range(len(loops)), key=lambda at: -loops[at][0])
    sizes = tuple(loops[at][1] for at in outer_first)
    moves = Moves(start=flat[0], sizes=sizes, order=tuple(outer_first.index(at) for at in range(len(loops))))
    whole = np.arange(moves.count).reshape(sizes).transpose(moves.order).reshape(-1) + moves.start
    return moves if np.array_equal(whole, index.reshape(-1)) else None


def _loops(flat: Sequence[int]) -> list[_Loop]:
    """The nested loops, outermost first, that `flat` would be if it were one: the longest runs from the inside out."""
    loops: list[_Loop] = []
    rest = list(flat)
    while len(rest) > 1:
        step, count = rest[1] - rest[0], 2
        while count < len(rest) and rest[count] - rest[count - 1] == step:
            count += 1
        loops.insert(0, (step, count))
        if len(rest) % count:
            break
        rest = rest[::count]
    return loops or [(1, 1)]
