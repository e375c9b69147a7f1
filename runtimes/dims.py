"""Dimensions whose size is only known when running: their names, and the sizes they may take."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Dim:
    """A dimension that stays dynamic: sizes ``low``, ``low + step``, ... up to ``high``.

    Attributes:
        name: as the user declared it; the same name in two inputs is one dimension.
        low: the smallest size.
        high: the largest size; None where there is no limit.
        step: the distance between two sizes.
    """

    name: str
    low: int = 1
    high: int | None = None
    step: int = 1

    def admits(self, size: int) -> bool:
        """Whether `size` is one of the sizes."""
        return self.low <= size and (self.high is None or size <= self.high) and (size - self.low) % self.step == 0

    def nearest(self, size: int) -> int:
        """The size of this dimension that is closest to `size`, the smaller of two."""
        top = size if self.high is None else min(size, self.last)
        return self.low + max(round((top - self.low) / self.step - 1e-9), 0) * self.step

    @property
    def last(self) -> int:
        """The largest size that steps reach; `low` where there is no limit."""
        return self.low if self.high is None else self.low + (self.high - self.low) // self.step * self.step

    def __str__(self) -> str:
        """As it is declared: ``N:1..8``, ``H:32..512:32``."""
        step = f":{self.step}" if self.step != 1 else ""
        return f"{self.name}:{self.low}..{'' if self.high is None else self.high}{step}"


Axes = tuple[Dim | None, ...]
"""For each axis of a tensor its dynamic dimension, None where its size is fixed."""


def sizes_of(axes: Axes, shape: Sequence[int]) -> list[tuple[Dim, int]]:
    """The dynamic dimensions of a tensor with the sizes that `shape` gives them."""
    return [(dim, size) for dim, size in zip(axes, shape, strict=False) if dim is not None]


def faults(found: Iterable[tuple[str, Dim, int]]) -> list[tuple[str, str]]:
    """What is wrong with sizes given as (tensor, dimension, size): (tensor, why) for each.

    A size must be one that its dimension admits, and a dimension has one size at a time.
    """
    wrong: list[tuple[str, str]] = []
    first: dict[str, tuple[str, int]] = {}
    for tensor, dim, size in found:
        if not dim.admits(size):
            wrong.append((tensor, f"{dim.name} is {size}, declared is {dim}"))
        other, known = first.setdefault(dim.name, (tensor, size))
        if known != size:
            wrong.append((tensor, f"{dim.name} is {size}, but {known} in {other!r}"))
    return wrong


def text_of(sizes: Mapping[str, int]) -> str:
    """Sizes as messages show them: ``N=2, H=64``."""
    return ", ".join(f"{name}={size}" for name, size in sizes.items())
