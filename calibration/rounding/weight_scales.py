"""Scales of weights, one for each output channel or block: the least squared error over how much is clipped."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from portproof.calibration.rounding.grid import WeightGrid

Floats = NDArray[np.float64]

# Least share of the largest weight that stays unclipped, and how many are tried: int8 gains little from it, int4 a lot.
_SEARCH = {8: (0.75, 11), 4: (0.4, 25)}


def minmax(columns: NDArray[Any], grid: WeightGrid) -> NDArray[np.float32]:
    """The scales that clip nothing: largest weight / largest integer, float32 [groups, outputs, blocks].

    A channel of zeros takes the least scale of the others, so that its bias, whose scale is the product with the
    input's, keeps its precision.
    """
    return _positive(_peaks(columns, grid) / grid.largest)


def least_squares(columns: NDArray[Any], grid: WeightGrid, importance: Floats | None = None) -> NDArray[np.float32]:
    """The scales of the least sum of importance * (weight - rounded weight)^2, searched from above.

    Args:
        columns: weights [groups, outputs, columns].
        grid: of the integers.
        importance: of the columns, [groups, columns]: the diagonal of the layer's second moments; None for ones.

    Returns:
        float32 [groups, outputs, blocks], never above those of `minmax`.
    """
    weight = columns.astype(np.float32)
    factor = np.ones((weight.shape[0], weight.shape[2])) if importance is None else importance
    full = minmax(columns, grid)
    best, least = full, _error(weight, full, grid, factor)
    for share in np.linspace(1.0, *_SEARCH[grid.bits])[1:]:
        scales = (full * share).astype(np.float32)
        error = _error(weight, scales, grid, factor)
        best, least = np.where(error < least, scales, best), np.minimum(error, least)
    return best


def _error(weight: NDArray[np.float32], scales: NDArray[np.float32], grid: WeightGrid, factor: Floats) -> Floats:
    """The weighted squared error of each block, [groups, outputs, blocks]."""
    spread = grid.spread(scales, weight.shape[2]).astype(np.float32)
    error = grid.nearest(weight, spread)
    error *= spread
    error -= weight
    error *= error
    if grid.block is None:
        whole: Floats = error @ factor.astype(np.float32)[:, :, None]
        return whole
    error *= factor.astype(np.float32)[:, None, :]
    blocks: Floats = np.add.reduceat(error, np.arange(0, weight.shape[2], grid.block), axis=2)
    return blocks


def _peaks(columns: NDArray[Any], grid: WeightGrid) -> Floats:
    largest: Floats = np.abs(columns).astype(np.float64)
    if grid.block is None:
        whole: Floats = largest.max(axis=2, keepdims=True)
        return whole
    blocks: Floats = np.maximum.reduceat(largest, np.arange(0, columns.shape[2], grid.block), axis=2)
    return blocks


def _positive(scales: Floats) -> NDArray[np.float32]:
    """As float32, none zero or denormal."""
    least = np.finfo(np.float32).tiny
    sound = scales[scales >= least]
    return np.where(scales >= least, scales, sound.min() if len(sound) else 1.0).astype(np.float32)
