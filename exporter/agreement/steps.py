"""How many steps of their scale two runs of a quantized tensor are apart."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

NEAR = 0.999
"""The share of values that is to be at most one step apart."""
_FARTHEST = 2.0**31


@dataclass(frozen=True, kw_only=True)
class Steps:
    """Of one tensor, or of several together.

    Attributes:
        values: how many were compared.
        apart: how many of them differ.
        beyond: how many differ by more than one step.
        most: steps between the two that are farthest apart.
    """

    values: int = 0
    apart: int = 0
    beyond: int = 0
    most: int = 0

    @property
    def within_one(self) -> float:
        """The share that is at most one step apart; 1 where there is nothing."""
        return 1.0 - self.beyond / max(1, self.values)

    @property
    def near(self) -> bool:
        """Whether at least 99.9 % are at most one step apart."""
        return self.within_one >= NEAR

    def plus(self, other: "Steps") -> "Steps":
        """Of both."""
        return Steps(
            values=self.values + other.values,
            apart=self.apart + other.apart,
            beyond=self.beyond + other.beyond,
            most=max(self.most, other.most),
        )


def compare(one: NDArray[Any], other: NDArray[Any], scale: float) -> Steps:
    """Two runs of a tensor of any shape, dequantized, in steps of `scale`. What is not finite is farthest apart."""
    with np.errstate(invalid="ignore"):
        distance = np.abs(one.astype(np.float64) - other.astype(np.float64)) / scale
    steps = np.rint(np.nan_to_num(distance, nan=_FARTHEST, posinf=_FARTHEST))
    return Steps(
        values=int(steps.size),
        apart=int((steps > 0).sum()),
        beyond=int((steps > 1).sum()),
        most=int(steps.max(initial=0)),
    )
