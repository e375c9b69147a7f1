"""The integers that a weight may become, and what its scales are worth along its columns."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class WeightGrid:
    """Signed symmetric integers: zero point 0, and no -2^(bits-1), which kernels with int16 products cannot take.

    Attributes:
        bits: 8, or 4.
        block: columns that share a scale; None for one scale for each output channel.
    """

    bits: int = 8
    block: int | None = None

    @property
    def largest(self) -> int:
        """127 for int8, 7 for int4: weights lie in [-largest, largest]."""
        return int(2 ** (self.bits - 1) - 1)

    def blocks(self, columns: int) -> int:
        """How many scales a channel of so many columns has."""
        return 1 if self.block is None else -(-columns // self.block)

    def spread(self, scales: NDArray[Any], columns: int) -> Floats:
        """Scales [groups, outputs, blocks] for every column: [groups, outputs, columns], or 1 column for 1 block."""
        if self.block is None:
            return scales.astype(np.float64)
        return np.repeat(scales.astype(np.float64), self.block, axis=2)[:, :, :columns]

    def nearest(self, columns: NDArray[Any], spread: NDArray[Any]) -> NDArray[Any]:
        """The nearest integers to columns / spread, of the type of that quotient, within the grid."""
        integers: NDArray[Any] = columns / spread
        np.rint(integers, out=integers)
        return np.clip(integers, -self.largest, self.largest, out=integers)
