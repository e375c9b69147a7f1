"""The last improvement of few weights: one or two of them move by a step each, as long as that helps the most.

Nine weights of a depthwise filter leave compensated rounding little to compensate with; under inputs whose mean is
large, one weight up and another down is what single moves cannot reach. All pairs are tried, so it is for filters of
few weights only.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from portproof.calibration.rounding.grid import WeightGrid

Floats = NDArray[np.float64]

MOST_COLUMNS = 32
_ROUNDS = 32
_SIGNS = (-1.0, 1.0)
# Improvements below this share of the error are float rounding.
_TOLERANCE = 1e-9


def exchange(weight: Floats, rounded: Floats, steps: Floats, hessian: Floats, grid: WeightGrid) -> None:
    """Make the best single or double move of every filter until none helps, at most 32 times; `rounded` in place.

    Args:
        weight: [groups, columns, outputs], at most `MOST_COLUMNS` columns.
        rounded: integers as float64, same shape.
        steps: the scale of each, same shape.
        hessian: second moments of the inputs [groups, columns, columns].
        grid: no integer leaves it.
    """
    groups, size, outputs = weight.shape
    targets, integers, scales = (a.swapaxes(1, 2).reshape(-1, size) for a in (weight, rounded, steps))
    group = np.repeat(np.arange(groups), outputs)
    left = np.arange(len(group))
    for _ in range(_ROUNDS):
        if not left.size:
            break
        moves, gain = _best_moves(targets[left], integers[left], scales[left], hessian[group[left]], grid)
        integers[left] += moves * (gain > 0)[:, None]
        left = left[gain > 0]
    rounded[:] = integers.reshape(groups, outputs, size).swapaxes(1, 2)


def _best_moves(
    weight: Floats, rounded: Floats, steps: Floats, hessian: Floats, grid: WeightGrid
) -> tuple[NDArray[Any], Floats]:
    """For each filter [filters, columns]: its best move in steps, and by how much the error falls (0: by nothing)."""
    error = rounded * steps - weight
    slope = (hessian @ error[:, :, None])[:, :, 0]
    best = np.zeros(len(weight))
    moves = np.zeros_like(weight)
    rows = np.arange(len(weight))
    for up in _SIGNS:
        for down in _SIGNS:
            fall = _falls(rounded, steps, slope, hessian, (up, down), grid)
            flat = fall.reshape(len(weight), -1)
            place = flat.argmax(axis=1)
            better = flat[rows, place] > best
            best = np.where(better, flat[rows, place], best)
            i, j = np.divmod(place, weight.shape[1])
            found = np.zeros_like(weight)
            found[rows, i] = up
            found[rows[i != j], j[i != j]] = down
            moves[better] = found[better]
    return moves, np.where(best > _TOLERANCE * (slope * error).sum(axis=1), best, 0.0)


def _falls(
    rounded: Floats, steps: Floats, slope: Floats, hessian: Floats, signs: tuple[float, float], grid: WeightGrid
) -> Floats:
    """By how much the error falls when columns i and j move so, [filters, i, j]; on the diagonal: i alone."""
    alone = []
    for sign in signs:
        rise = 2 * sign * steps * slope + steps**2 * np.diagonal(hessian, axis1=1, axis2=2)
        alone.append(np.where(np.abs(rounded + sign) <= grid.largest, -rise, -np.inf))
    together = 2 * signs[0] * signs[1] * steps[:, :, None] * steps[:, None, :] * hessian
    fall: Floats = alone[0][:, :, None] + alone[1][:, None, :] - together
    size = rounded.shape[1]
    fall[:, np.arange(size), np.arange(size)] = alone[0]
    return fall
