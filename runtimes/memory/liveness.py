"""Which tensors are alive together, and how near to each other they can lie in one block of memory."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

ALIGNMENT = 64
"""Bytes; what LiteRT's arena aligns tensors to (kDefaultTensorAlignment)."""


@dataclass(frozen=True, kw_only=True)
class Buffer:
    """A tensor's memory.

    Attributes:
        name: of the tensor.
        size: bytes.
        first: the step that writes it; -1 before the first operator.
        last: the last step that reads it, `first` at least.
    """

    name: str
    size: int
    first: int
    last: int

    def meets(self, other: "Buffer") -> bool:
        """Whether both are alive at some step."""
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True, kw_only=True)
class Moment:
    """The step at which most is alive.

    Attributes:
        step: its number, -1 for before the first operator.
        size: bytes of all that is alive then; no arrangement takes less.
        alive: these tensors, the largest first.
    """

    step: int
    size: int
    alive: tuple[Buffer, ...]


def fullest(buffers: Sequence[Buffer]) -> Moment:
    """The first step at which most is alive."""
    changes: dict[int, int] = {}
    for buffer in buffers:
        changes[buffer.first] = changes.get(buffer.first, 0) + buffer.size
        changes[buffer.last + 1] = changes.get(buffer.last + 1, 0) - buffer.size
    most, at, total = 0, -1, 0
    for step in sorted(changes):
        total += changes[step]
        if total > most:
            most, at = total, step
    alive = sorted((each for each in buffers if each.first <= at <= each.last), key=lambda each: -each.size)
    return Moment(step=at, size=most, alive=tuple(alive))


def arrange(buffers: Iterable[Buffer], alignment: int = ALIGNMENT) -> dict[str, int]:
    """An offset for each tensor, so that no two that are alive together overlap.

    Those that live from beginning to end lie first, then large ones before small ones, each in the smallest gap that
    holds it (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020: greedy by size, the
    best of what they compare for one block; LiteRT's arena does the same).
    """
    buffers = list(buffers)
    begin, end = min((each.first for each in buffers), default=0), max((each.last for each in buffers), default=0)
    placed: list[tuple[int, Buffer]] = []
    whole = [each for each in buffers if (each.first, each.last) == (begin, end)]
    rest = sorted((each for each in buffers if each not in whole), key=lambda each: (-each.size, each.first))
    for buffer in (*whole, *rest):
        near = sorted((offset, offset + other.size) for offset, other in placed if other.meets(buffer))
        placed.append((_gap(near, buffer.size, alignment), buffer))
    return {buffer.name: offset for offset, buffer in placed}


def extent(buffers: Iterable[Buffer], offsets: Mapping[str, int]) -> int:
    """Bytes of the block that holds them all."""
    return max((offsets[buffer.name] + buffer.size for buffer in buffers), default=0)


def _gap(taken: Sequence[tuple[int, int]], size: int, alignment: int) -> int:
    """The offset of the smallest gap that holds `size`, else behind all."""
    end, best, width = 0, -1, 0
    for low, high in taken:
        start = -(-end // alignment) * alignment
        if low - start >= size and (best < 0 or low - start < width):
            best, width = start, low - start
        end = max(end, high)
    return best if best >= 0 else -(-end // alignment) * alignment
