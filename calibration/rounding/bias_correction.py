"""Bias correction: what rounding shifts a channel by on average, the bias takes back.

A depthwise filter of nine weights under inputs that are positive on average turns rounding errors into a shift of the
whole channel. The shift is measured (mean of the float layer's output less the quantized one's) and added to the bias.
Means are sums of integers (outputs in units of `quantum`), so that neither the order of samples nor sharding changes
a bit of them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Units that the largest output holds: 2^31 of them leave room for 2^32 values of a channel in an int64.
_UNITS = 30


def quantum(largest: float) -> float:
    """The unit that means are counted in: a power of two, 2^-30 of the next one above the layer's largest output."""
    return math.ldexp(1.0, math.frexp(max(largest, 1e-30))[1] - _UNITS)


@dataclass(frozen=True, kw_only=True, eq=False)
class MeanError:
    """Sums of output errors for each channel.

    Attributes:
        unit: value of one count.
        count: values that were summed for each channel.
        total: int64 [channels], in units.
    """

    unit: float
    count: int
    total: NDArray[np.int64]

    @classmethod
    def none(cls, channels: int, unit: float) -> "MeanError":
        """Of nothing yet."""
        return cls(unit=unit, count=0, total=np.zeros(channels, np.int64))

    def add(self, reference: NDArray[Any], quantized: NDArray[Any], axis: int) -> "MeanError":
        """With one sample's outputs of both layers, whose channels are on `axis`."""
        others = tuple(i for i in range(reference.ndim) if i != axis % reference.ndim)
        error = reference.astype(np.float64) - quantized
        sums = np.rint(error.sum(axis=others) / self.unit).astype(np.int64)
        count = reference.size // reference.shape[axis]
        return self.merged(MeanError(unit=self.unit, count=count, total=sums))

    def merged(self, other: "MeanError") -> "MeanError":
        """Of the outputs of both: exact."""
        return MeanError(unit=self.unit, count=self.count + other.count, total=self.total + other.total)

    def mean(self) -> NDArray[np.float64]:
        """What to add to the bias, [channels]."""
        mean: NDArray[np.float64] = self.total * np.float64(self.unit / max(1, self.count))
        return mean

    def as_arrays(self) -> dict[str, NDArray[Any]]:
        """For an npz file."""
        return {"unit": np.asarray(self.unit), "count": np.asarray(self.count, np.int64), "total": self.total}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "MeanError":
        """The inverse of `as_arrays`."""
        return cls(unit=float(arrays["unit"]), count=int(arrays["count"]), total=arrays["total"])


def shift_of_rounding(columns: NDArray[Any], rounded: NDArray[Any], mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """What rounding alone shifts each channel by, from the mean input of the layer: [groups, outputs], to be added.

    Args:
        columns: weights [groups, outputs, columns].
        rounded: the rounded weights, as real numbers.
        mean: of the layer's inputs, real numbers [groups, columns].
    """
    shift: NDArray[np.float64] = np.einsum("gok,gk->go", columns.astype(np.float64) - rounded, mean)
    return shift
