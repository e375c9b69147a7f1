"""First and second moments of a layer's inputs, streamed: all that second-order rounding needs to know of the data.

The inputs are integers of at most 9 bits (quantized values less their zero point), and every sum below is an integer
that float64 holds exactly, up to 2^36 rows. So the sums do not depend on the order of samples, on sharding, or on
threads: not by one bit. (Inputs without an encoding are integers times a power of two of each sample; the same holds
while these powers are within 2^8 of each other.) A depthwise
layer has a small matrix for each channel, a dense layer one large one.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portproof.calibration.rounding.layer import LinearLayer

Floats = NDArray[np.float64]

# Integers below this are exact in float32, and so are sums of products as long as they stay below.
_EXACT_32 = 2.0**24


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """Sums over rows x, of one layer.

    Attributes:
        rows: how many there were.
        first: sum of x, float64 [groups, columns].
        second: sum of x x^T, float64 [groups, columns, columns].
    """

    rows: int
    first: Floats
    second: Floats

    @classmethod
    def none(cls, groups: int, columns: int) -> "Moments":
        """Of no rows."""
        return cls(rows=0, first=np.zeros((groups, columns)), second=np.zeros((groups, columns, columns)))

    @classmethod
    def of(cls, rows: NDArray[Any], unit: float = 1.0) -> "Moments":
        """Of rows [rows, groups, columns] that hold integers, of any dtype, times `unit`, a power of two."""
        by_group = np.ascontiguousarray(rows.transpose(1, 0, 2), dtype=np.float32)
        first = by_group.sum(axis=1, dtype=np.float64) * unit
        return cls(rows=len(rows), first=first, second=_products(by_group) * unit**2)

    def merged(self, other: "Moments") -> "Moments":
        """Of the rows of both: exact, so that any order of merging gives the same bits."""
        first, second = self.first + other.first, self.second + other.second
        return Moments(rows=self.rows + other.rows, first=first, second=second)

    def add(self, rows: NDArray[Any], unit: float = 1.0) -> "Moments":
        """With more rows, see `of`."""
        return self.merged(Moments.of(rows, unit))

    def covariance(self) -> Floats:
        """Second moments about the mean, per row, [groups, columns, columns]: for a layer whose bias is corrected."""
        mean = self.mean()
        return self.hessian() - mean[:, :, None] * mean[:, None, :]

    def hessian(self) -> Floats:
        """Second moments about zero, per row, [groups, columns, columns]: what a layer's squared error weighs with."""
        return self.second / max(1, self.rows)

    def mean(self) -> Floats:
        """Of the rows, [groups, columns]."""
        return self.first / max(1, self.rows)

    def as_arrays(self) -> dict[str, NDArray[Any]]:
        """For an npz file."""
        return {"rows": np.asarray(self.rows, np.int64), "first": self.first, "second": self.second}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Moments":
        """The inverse of `as_arrays`."""
        return cls(rows=int(arrays["rows"]), first=arrays["first"], second=arrays["second"])


def sampled(layer: LinearLayer, x: NDArray[Any], name: str, fingerprint: str, wanted: int) -> NDArray[Any]:
    """Rows of one sample's input to a layer, [rows, groups, columns], at positions that depend on nothing else.

    Args:
        layer: whose input it is.
        x: the layer's input.
        name: of the layer, so that layers choose apart.
        fingerprint: of the sample, so that its rows are the same in any shard.
        wanted: how many rows at most.
    """
    digest = hashlib.sha256(f"{name}\0{fingerprint}".encode()).digest()
    return layer.rows(x, wanted, int.from_bytes(digest[:4], "little") / 2.0**32)


def _products(rows: NDArray[np.float32]) -> Floats:
    """Sums of x x^T of [groups, rows, columns], exact: in float32 while a block of rows fits, else in float64."""
    largest = float(np.abs(rows).max(initial=1.0))
    block = int(_EXACT_32 // largest**2)
    if block < 64:
        wide = rows.astype(np.float64)
        return wide.swapaxes(1, 2) @ wide
    total = np.zeros((rows.shape[0], rows.shape[2], rows.shape[2]))
    for start in range(0, rows.shape[1], block):
        part = rows[:, start : start + block]
        total += part.swapaxes(1, 2) @ part
    return total
