"""From a histogram to the range that an activation is stored in: minmax, percentile, entropy, mse, and the best.

A range is (low, high) with low <= 0 <= high, so that zero is stored exactly: paddings and Relu need it.
"""

import math
from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from portproof.calibration.observe.histogram import Histogram
from portproof.calibration.plan import LIMITS, Encoding, Precision

Range: TypeAlias = tuple[float, float]
Estimator: TypeAlias = Callable[[Histogram, int], Range]

_KEPT_PERCENT = 99.99
_MSE_CANDIDATES = 48
_ENTROPY_CANDIDATES = 32
_SMALLEST_SCALE = float(np.finfo(np.float32).tiny)


def minmax(histogram: Histogram, levels: int = 256) -> Range:  # noqa: ARG001 - the estimators' common signature
    """All values: nothing is clipped."""
    return min(histogram.low, 0.0), max(histogram.high, 0.0)


def percentile(histogram: Histogram, levels: int = 256) -> Range:  # noqa: ARG001
    """All but (100 - 99.99) / 2 percent at either end, to a bin's edge; never beyond the extremes."""
    tail = histogram.size * (100.0 - _KEPT_PERCENT) / 200.0
    below = np.cumsum(histogram.counts)
    first = int(np.searchsorted(below, tail, side="right"))
    last = int(np.searchsorted(below, histogram.size - tail, side="left"))
    last = min(last, len(histogram.counts) - 1)
    low = (histogram.first + first) * histogram.width
    high = (histogram.first + last + 1) * histogram.width
    return min(max(low, histogram.low), 0.0), max(min(high, histogram.high), 0.0)


def entropy(histogram: Histogram, levels: int = 256) -> Range:
    """The range, shrunk at both ends alike, whose quantized distribution diverges least from the true one (KL)."""
    low, high = minmax(histogram)
    factors = np.linspace(1.0, 1.0 / _ENTROPY_CANDIDATES, _ENTROPY_CANDIDATES)
    costs = [_divergence(histogram, low * factor, high * factor, levels) for factor in factors]
    best = float(factors[int(np.argmin(costs))])
    return low * best, high * best


def mse(histogram: Histogram, levels: int = 256) -> Range:
    """The range of least squared error, of clipping and rounding together; both ends are searched."""
    low, high = minmax(histogram)
    sums = _Sums(histogram)
    for _ in range(2):  # one end, then the other, then both again around what was found
        lows = _candidates(low) if low < 0.0 else np.zeros(1)
        low = float(lows[np.argmin(sums.error(lows, np.full_like(lows, high), levels))])
        highs = _candidates(high) if high > 0.0 else np.zeros(1)
        high = float(highs[np.argmin(sums.error(np.full_like(highs, low), highs, levels))])
    return low, high


def best(histogram: Histogram, levels: int = 256) -> Range:
    """The range of least squared error among all estimators'; the widest of several that are as good."""
    ranges = [minmax(histogram), percentile(histogram), entropy(histogram, levels), mse(histogram, levels)]
    lows, highs = (np.array(ends) for ends in zip(*ranges, strict=True))
    return ranges[int(np.argmin(_Sums(histogram).error(lows, highs, levels)))]


ESTIMATORS: Mapping[str, Estimator] = {
    "minmax": minmax,
    "percentile": percentile,
    "entropy": entropy,
    "mse": mse,
    "best": best,
}


def encoding(limits: Range, dtype: Precision = "int8", *, symmetric: bool = False) -> Encoding:
    """Scale and zero point that hold a range; int16 and `symmetric` have a zero point of 0.

    The zero point is an integer, so that the range held may be wider than the one asked for by one step.
    """
    low, high = min(limits[0], 0.0), max(limits[1], 0.0)
    least, most = LIMITS[dtype]
    if symmetric or dtype == "int16":
        scale = _float32(max(-low, high) / most)
        return Encoding(scale=scale, zero_point=0, dtype=dtype)
    scale = _float32((high - low) / (most - least))
    zero_point = int(np.clip(round(least - low / scale), least, most))
    return Encoding(scale=scale, zero_point=zero_point, dtype=dtype)


def squared_error(histogram: Histogram, limits: Range, levels: int = 256) -> float:
    """Sum of squared errors of clipping to a range and rounding to `levels` steps."""
    return float(_Sums(histogram).error(np.array([limits[0]]), np.array([limits[1]]), levels)[0])


class _Sums:
    """Moments of all bins up to each one: the error of any range costs a few look-ups."""

    def __init__(self, histogram: Histogram) -> None:
        counts, centers = histogram.counts.astype(np.float64), histogram.centers
        self.histogram = histogram
        self.count, self.first, self.second = (
            np.concatenate([[0.0], np.cumsum(counts * power)]) for power in (1.0, centers, centers * centers)
        )

    def error(self, lows: NDArray[np.float64], highs: NDArray[np.float64], levels: int) -> NDArray[np.float64]:
        """Sum of squared errors for each candidate [n].

        Inside, rounding errors are even over a step (step^2 / 12) but for what rounds to zero: that error is the
        value itself, and after a Relu half of all values are zero exactly.
        """
        step = np.maximum((highs - lows) / (levels - 1), _SMALLEST_SCALE)
        low, high = self._at(lows), self._at(highs)
        end = np.full_like(low, len(self.count) - 1)
        clipped = self._around(np.zeros_like(low), low, lows) + self._around(high, end, highs)
        near_low, near_high = np.clip(self._at(-step / 2), low, high), np.clip(self._at(step / 2), low, high)
        zeros = self._around(near_low, near_high, np.zeros_like(lows))
        inside = self.count[high] - self.count[low] - (self.count[near_high] - self.count[near_low])
        return np.asarray(clipped + zeros + inside * step * step / 12.0)

    def _at(self, values: NDArray[np.float64]) -> NDArray[np.intp]:
        """How many bins lie below each value, to the nearest edge."""
        edges = np.rint(values / self.histogram.width) - self.histogram.first
        return np.asarray(np.clip(edges, 0, len(self.count) - 1), np.intp)

    def _around(
        self, start: NDArray[np.intp], stop: NDArray[np.intp], point: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Sum of (value - point)^2 over the bins [start, stop)."""
        count, first, second = (sums[stop] - sums[start] for sums in (self.count, self.first, self.second))
        return np.asarray(np.maximum(second - 2.0 * point * first + point * point * count, 0.0))


def _candidates(end: float) -> NDArray[np.float64]:
    return end * np.linspace(1.0, 1.0 / _MSE_CANDIDATES, _MSE_CANDIDATES)


def _divergence(histogram: Histogram, low: float, high: float, levels: int) -> float:
    """KL divergence of the clipped distribution from its quantized form, in nats.

    The mass clipped goes to the ends; each level's mass is spread evenly over those of its bins that held any.
    """
    centers = histogram.centers
    counts = _without_spike(histogram)
    step = (high - low) / levels
    if step <= 0.0:
        return math.inf
    inside = (centers >= low) & (centers <= high)
    if not inside.any():
        return math.inf
    level = np.clip((centers[inside] - low) / step, 0, levels - 1).astype(np.intp)
    true = counts[inside].copy()
    quantized = np.bincount(level, weights=true, minlength=levels)
    bins = np.bincount(level, weights=true > 0, minlength=levels)
    true[0] += counts[centers < low].sum()
    true[-1] += counts[centers > high].sum()
    spread = np.where(counts[inside] > 0, quantized[level] / np.maximum(bins[level], 1.0), 0.0)
    used = true > 0
    p, q = true[used] / true.sum(), np.maximum(spread[used] / max(spread.sum(), 1.0), 1e-12)
    return float((p * np.log(p / q)).sum())


def _without_spike(histogram: Histogram) -> NDArray[np.float64]:
    """The counts, but that of zero's bin at most its neighbours': zero is stored exactly, at any range."""
    counts = histogram.counts.astype(np.float64)
    zero = -histogram.first
    if 0 <= zero < len(counts) > 1:
        counts[zero] = min(counts[zero], counts[max(zero - 1, 0) : zero + 2].sum() - counts[zero])
    return counts


def _float32(scale: float) -> float:
    return float(np.float32(max(scale, _SMALLEST_SCALE)))
