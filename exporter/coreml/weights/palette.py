"""Palettes: the few values that stand for many, by k-means in one dimension.

Lloyd's iteration on sorted values, from where quantiles of the cube root of the density lie, which is where the best
quantiser of many levels has its own (Panter and Dite, 1951). Nothing is drawn at random.
"""

import numpy as np
from numpy.typing import NDArray

from portproof.exporter.coreml.values import Array

_ROUNDS = 60
_BINS = 64

Floats = NDArray[np.float64]


def palette(weights: Array, count: int) -> Array:
    """`count` values of the weights' type, in order; some twice where the weights have fewer.

    Args:
        weights: of any shape, float16 or float32, finite.
        count: of values, a power of two.
    """
    values, counts = np.unique(weights.astype(np.float64), return_counts=True)
    if len(values) <= count:
        return np.resize(np.append(values, np.full(count - len(values), values[-1])), count).astype(weights.dtype)
    centres = _begin(values, counts, count)
    total = np.concatenate([[0.0], np.cumsum(values * counts)])
    number = np.concatenate([[0.0], np.cumsum(counts)])
    for _ in range(_ROUNDS):
        cuts = np.concatenate([[0], np.searchsorted(values, _borders(centres)), [len(values)]])
        moved = _centres(values, cuts, total, number, centres)
        if np.array_equal(moved, centres):
            break
        centres = moved
    return centres.astype(weights.dtype)


def indices(weights: Array, table: Array) -> NDArray[np.uint8]:
    """The nearest value of the table for each weight."""
    return np.searchsorted(_borders(table.astype(np.float64)), weights.astype(np.float64)).astype(np.uint8)


def _borders(centres: Floats) -> Floats:
    return (centres[1:] + centres[:-1]) / 2


def _begin(values: Floats, counts: NDArray[np.int64], count: int) -> Floats:
    held, edges = np.histogram(values, bins=_BINS, weights=counts)
    share = np.cumsum(np.cbrt(held))
    wanted = (np.arange(count) + 0.5) / count
    places: Floats = np.interp(wanted, np.concatenate([[0.0], share / share[-1]]), edges)
    return places


def _centres(values: Floats, cuts: NDArray[np.int64], total: Floats, number: Floats, before: Floats) -> Floats:
    """The mean of each part; a part without values gets the value that is farthest from its own centre."""
    held = number[cuts[1:]] - number[cuts[:-1]]
    sums = total[cuts[1:]] - total[cuts[:-1]]
    means = np.where(held > 0, sums / np.maximum(held, 1), before)
    if (held > 0).all():
        return means
    own = np.repeat(means, np.diff(cuts))
    farthest = np.argsort(-np.abs(values - own), kind="stable")[: int((held == 0).sum())]
    means[held == 0] = values[farthest]
    return np.sort(means)
