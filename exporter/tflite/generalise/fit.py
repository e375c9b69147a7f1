"""Sizes as expressions: what a number of one witness has to do with the dimensions of tensors.

An expression is accepted when it is right, exactly, at every witness. There are more witnesses than an expression has
free numbers, at sizes without a pattern: a wrong one would have to be right by chance several times.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import onnx_ir as ir

Column = tuple[int, ...]
"""One number at each witness."""
_MOST_FACTORS = 3
_MOST_DIVISOR = 1024


@dataclass(frozen=True)
class Axis:
    """The size of one axis of a tensor."""

    value: ir.Value
    axis: int


@dataclass(frozen=True, kw_only=True)
class Expression:
    """``(scale * product of factors + offset) // divisor``; a number when there is no factor."""

    factors: tuple[Axis, ...] = ()
    scale: int = 1
    offset: int = 0
    divisor: int = 1

    @property
    def is_number(self) -> bool:
        """Whether it is the same at every size; `offset` is what."""
        return not self.factors

    @property
    def cost(self) -> int:
        """How many operators compute it, about."""
        if self.is_number:
            return 0
        return len(self.factors) + (self.scale != 1) + (self.offset != 0) + (self.divisor != 1)

    def at(self, sizes: Mapping[Axis, int]) -> int:
        """Its value for sizes of its factors."""
        return (self.scale * math.prod(sizes[axis] for axis in self.factors) + self.offset) // self.divisor


def number(value: int) -> Expression:
    """An expression that is the same at every size."""
    return Expression(scale=0, offset=value)


class Atoms:
    """The sizes that an expression can be made of: of tensors known before, each column once.

    Attributes:
        columns: the axis that has each column.
    """

    def __init__(self) -> None:
        self.columns: dict[Column, Axis] = {}

    def add(self, value: ir.Value, shapes: Sequence[Sequence[int]]) -> None:
        """The axes of a tensor whose sizes are not the same at every witness."""
        for axis, column in enumerate(zip(*shapes, strict=True)):
            if len(set(column)) > 1:
                self.columns.setdefault(column, Axis(value, axis))

    def fit(self, column: Column, near: Iterable[Column] = ()) -> Expression | None:
        """The simplest expression for `column`, or None.

        Args:
            column: what is wanted.
            near: the columns of which products are made.
        """
        if len(set(column)) == 1:
            return number(column[0])
        if column in self.columns:
            return Expression(factors=(self.columns[column],))
        linear = (_linear(have, column, (axis,)) for have, axis in self.columns.items())
        found = min((made for made in linear if made is not None), key=lambda made: made.cost, default=None)
        return found or self._product(column, [have for have in near if have in self.columns])

    def _product(self, column: Column, near: Sequence[Column]) -> Expression | None:
        for count in range(2, _MOST_FACTORS + 1):
            for chosen in combinations_with_replacement(dict.fromkeys(near), count):
                product = tuple(math.prod(sizes) for sizes in zip(*chosen, strict=True))
                made = _linear(product, column, tuple(self.columns[have] for have in chosen))
                if made is not None:
                    return made
        return None


def _linear(have: Column, want: Column, factors: tuple[Axis, ...]) -> Expression | None:
    """``want = (scale * have + offset) / divisor``, rounded down where that is the only way, or None."""
    low, high = have.index(min(have)), have.index(max(have))
    step = math.gcd(want[high] - want[low], have[high] - have[low])
    if not step:
        return None
    scale, divisor = (want[high] - want[low]) // step, (have[high] - have[low]) // step
    offset = want[low] * divisor - scale * have[low]
    if divisor <= _MOST_DIVISOR and all(scale * h + offset == w * divisor for h, w in zip(have, want, strict=True)):
        return Expression(factors=factors, scale=scale, offset=offset, divisor=divisor)
    return _rounded(have, want, factors)


def _rounded(have: Column, want: Column, factors: tuple[Axis, ...]) -> Expression | None:
    """``want = (have + offset) // divisor``, as strided windows count, where the witnesses leave one such form only."""
    low, high = have.index(min(have)), have.index(max(have))
    if want[high] <= want[low] or want[low] < 0:
        return None
    near = (have[high] - have[low]) // (want[high] - want[low])
    unit = math.gcd(*(size - have[low] for size in have))
    found = []
    for divisor in range(max(near - 1, 2), near + 3):
        least = max(divisor * w - h for h, w in zip(have, want, strict=True))
        most = min(divisor * w + divisor - 1 - h for h, w in zip(have, want, strict=True))
        if least <= most:
            found.append(Expression(factors=factors, offset=least, divisor=divisor))
            if most - least >= unit:  # several offsets fit, and differ at other sizes
                return None
    return found[0] if len(found) == 1 else None
