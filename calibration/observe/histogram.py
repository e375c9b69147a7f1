"""A histogram that grows with its values and merges exactly, in memory that does not grow.

Bin `i` holds the values in [i * 2^k, (i + 1) * 2^k). When values leave the range that the bins span, k grows, and
pairs of bins become one: floor(x / 2^(k+1)) is floor(x / 2^k) halved, so that the counts are those that the coarser
bins would have had from the start. `k` is a function of the extremes alone. Hence the same values give the same
histogram to the bit, in whatever order they come and however they were sharded.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 4096
_LARGE, _COUNTED = 1 << 17, 1 << 15  # values of one tensor of one sample
_FINEST = -120
_MANTISSA_BITS = 24


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """Counts, exact extremes and the number of values of a tensor.

    Attributes:
        low: the least value, inf where there is none.
        high: the largest value, -inf where there is none.
        exponent: k, the bins' width is 2^k.
        first: the index of the first bin.
        counts: int64 [n], n <= `BINS`, of the bins first, first + 1, ...
    """

    low: float
    high: float
    exponent: int
    first: int
    counts: NDArray[np.int64]

    @property
    def size(self) -> int:
        """The number of values."""
        return int(self.counts.sum())

    @property
    def width(self) -> float:
        """The width of a bin."""
        return math.ldexp(1.0, self.exponent)

    @property
    def centers(self) -> NDArray[np.float64]:
        """The middle of each bin, float64 [n]."""
        return np.asarray((np.arange(len(self.counts)) + (self.first + 0.5)) * self.width, np.float64)


EMPTY = Histogram(low=math.inf, high=-math.inf, exponent=_FINEST, first=0, counts=np.zeros(0, np.int64))


def of(array: NDArray[Any], ends: tuple[float, float] | None = None) -> Histogram:
    """The histogram of an array's values, as float32; all must be finite.

    The extremes are those of all values. Of arrays of 131,072 values or more one in so many is counted, for those
    behind it, that 32,768 are: one tensor of one sample tells little that another does not, and counting is what
    calibration spends its time on.

    Args:
        array: of any shape.
        ends: its `finite_ends`, where they are known already.
    """
    values = np.asarray(array, np.float32).reshape(-1)
    if not values.size:
        return EMPTY
    low, high = ends if ends is not None else _ends(values)
    exponent = _exponent(low, high)
    first, last = _bin(low, exponent), _bin(high, exponent)
    stride = _stride(values.size)
    bins = _bins(values[::stride], exponent, first)
    counts = np.bincount(bins, minlength=last - first + 1).astype(np.int64, copy=False)
    if stride > 1:
        counts *= stride
        counts[bins[-1]] -= len(bins) * stride - values.size  # fewer stand behind the last one
    return Histogram(low=low, high=high, exponent=exponent, first=first, counts=counts)


def merge(one: Histogram, other: Histogram) -> Histogram:
    """The histogram of both sets of values; commutative and associative to the bit."""
    if not one.counts.size or not other.counts.size:
        return one if one.counts.size else other
    low, high = min(one.low, other.low), max(one.high, other.high)
    exponent = _exponent(low, high)
    first, last = _bin(low, exponent), _bin(high, exponent)
    counts = np.zeros(last - first + 1, np.int64)
    for part in (one, other):
        _add(counts, part, exponent, first)
    return Histogram(low=low, high=high, exponent=exponent, first=first, counts=counts)


def finite_ends(array: NDArray[Any]) -> tuple[float, float] | None:
    """The least and the largest value; None where one is NaN or infinite, (0, 0) where there is none."""
    low, high = _ends(array) if array.size else (0.0, 0.0)
    return (low, high) if math.isfinite(low) and math.isfinite(high) else None


def _ends(array: NDArray[Any]) -> tuple[float, float]:
    return float(array.min()), float(array.max())


def _stride(size: int) -> int:
    """How many values one stands for: no divisor of the size, hence of no axis, so that it meets all columns."""
    stride = size // _COUNTED if size >= _LARGE else 1
    while math.gcd(stride, size) > 1:
        stride += 1
    return stride


def _add(counts: NDArray[np.int64], part: Histogram, exponent: int, first: int) -> None:
    """Add a histogram's counts to those of bins that are as wide, or wider by a power of two."""
    if part.exponent == exponent:
        counts[part.first - first :][: len(part.counts)] += part.counts
    else:
        index = (np.arange(len(part.counts)) + part.first) >> (exponent - part.exponent)
        np.add.at(counts, index - first, part.counts)


def _exponent(low: float, high: float) -> int:
    """The least k whose bins span both, not finer than the values' own rounding."""
    largest = max(abs(low), abs(high))
    if largest == 0.0:
        return _FINEST
    exponent = max(math.frexp(largest)[1] - _MANTISSA_BITS, _FINEST)
    if high > low:
        exponent = max(exponent, math.frexp((high - low) / BINS)[1] - 1)
    while _bin(high, exponent) - _bin(low, exponent) >= BINS:
        exponent += 1
    return exponent


def _bin(value: float, exponent: int) -> int:
    return math.floor(math.ldexp(value, -exponent))


def _bins(values: NDArray[np.float32], exponent: int, first: int) -> NDArray[np.intp]:
    """Bins counted from `first`: multiplying by a power of two, floor and the difference are exact.

    In float32 when numbers grow; where they shrink the least would become zero, and -0.0 has another floor.
    """
    dtype = np.float64 if exponent > 0 else np.float32
    scaled = np.multiply(values, dtype(math.ldexp(1.0, -exponent)), dtype=dtype)
    np.floor(scaled, out=scaled)
    scaled -= first
    return scaled.astype(np.intp)
