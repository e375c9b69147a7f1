"""Statistics of latencies: a median with its spread, and whether one file is faster than another.

Latencies have heavy right tails (interrupts), drift (clocks, neighbours), and an offset that each load of a
model draws anew (where its memory happens to lie: several per cent for small models). So: medians, not means;
files measured in turn under the same conditions and compared by ratios, which cancels drift; and the load,
not the single run, is the unit that is counted as independent. Counting runs instead calls a file faster than
itself.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Answer = Literal["faster", "slower", "cannot tell"]

ALPHA = 0.01
MIN_EFFECT = 0.02
MIN_LOADS = 3
_NOISE_LEVEL = 0.05


@dataclass(frozen=True, kw_only=True)
class Spread:
    """The distribution of one file's latencies, in milliseconds.

    Attributes:
        median_ms: the middle one of all samples.
        iqr_ms: distance between their quartiles.
        min_ms: the least.
        noise: half the width of the 95 % confidence interval of a load's median, as a share of it; None for
        one load.
    """

    median_ms: float
    iqr_ms: float
    min_ms: float
    noise: float | None

    def as_dict(self) -> dict[str, float | None]:
        """JSON-able data."""
        return dict(vars(self))


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A file against the baseline.

    Attributes:
        answer: of the file: "faster", "slower", or "cannot tell".
        ratio: of the file's latency to the baseline's, geometric mean over the loads; below 1 is faster.
        low: lower end of the ratio's confidence interval.
        high: upper end; both None when there are too few loads for one.
        level: error probability of that interval.
        reason: one sentence.
    """

    answer: Answer
    ratio: float
    low: float | None
    high: float | None
    level: float
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """JSON-able data."""
        return dict(vars(self))


def spread(latencies_ms: Floats) -> Spread:
    """The distribution of latencies [loads, rounds]."""
    quartiles = np.percentile(latencies_ms, [25, 75])
    medians = np.median(latencies_ms, axis=1)
    noise = None
    if len(medians) > 1:
        noise = _half_width(medians, _NOISE_LEVEL) / float(medians.mean())
    return Spread(
        median_ms=float(np.median(latencies_ms)),
        iqr_ms=float(quartiles[1] - quartiles[0]),
        min_ms=float(latencies_ms.min()),
        noise=noise,
    )


def compare(baseline: Floats, candidate: Floats, *, comparisons: int = 1, min_effect: float = MIN_EFFECT) -> Comparison:
    """Whether `candidate` is faster than `baseline`.

    For each load, the log ratio of the two medians; Student's t interval of their mean at an error of 1 %,
    divided by the number of comparisons made (Bonferroni). "faster" or "slower" when the interval lies beyond
    `min_effect` altogether: a paired t-test whose null hypothesis is "the same within two per cent".

    Args:
        baseline: latencies > 0 [loads, rounds]; element [l, r] of both was taken in the same round.
        candidate: the same of the other file.
        comparisons: how many files are compared with the baseline.
        min_effect: the smallest difference that is called one, as a share.
    """
    logs = np.log(np.median(candidate, axis=1) / np.median(baseline, axis=1))
    ratio, level = math.exp(float(logs.mean())), ALPHA / comparisons
    if len(logs) < MIN_LOADS:
        reason = f"{len(logs)} loads are too few to tell: {MIN_LOADS} are needed"
        return Comparison(answer="cannot tell", ratio=ratio, low=None, high=None, level=level, reason=reason)
    half = _half_width(logs, level)
    low, high = math.exp(float(logs.mean()) - half), math.exp(float(logs.mean()) + half)
    answer: Answer = "cannot tell"
    reason = f"the ratio lies between {low:.3f} and {high:.3f}: within {min_effect:.0%} of 1 is not excluded"
    if high < 1 - min_effect or low > 1 + min_effect:
        answer = "faster" if ratio < 1 else "slower"
        reason = f"the ratio lies between {low:.3f} and {high:.3f}"
    return Comparison(answer=answer, ratio=ratio, low=low, high=high, level=level, reason=reason)


def t_quantile(level: float, freedom: int) -> float:
    """The t that ``|T|`` exceeds with probability `level`, for Student's T with `freedom` degrees, by bisection."""
    low, high = 0.0, 1.0
    while t_inside(high, freedom) < 1 - level:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if t_inside(middle, freedom) < 1 - level else (low, middle)
    return high


def t_inside(t: float, freedom: int) -> float:
    """Probability that ``|T| <= t``: the finite series of Abramowitz and Stegun 26.7.3 and 26.7.4."""
    angle = math.atan(t / math.sqrt(freedom))
    cosine2 = math.cos(angle) ** 2
    odd = freedom % 2
    term = math.sin(angle) * (math.cos(angle) if odd else 1.0)
    total = 0.0 if freedom == 1 else term
    for k in range(2 + odd, freedom - 1, 2):
        term *= cosine2 * (k - 1) / k
        total += term
    return 2 / math.pi * (angle + total) if odd else total


def _half_width(values: Floats, level: float) -> float:
    """Half the width of Student's confidence interval of the mean."""
    error = float(values.std(ddof=1)) / math.sqrt(len(values))
    return t_quantile(level, len(values) - 1) * error
