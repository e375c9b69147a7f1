"""Second-order rounding: the error of each rounded weight is made up for by the weights that are not rounded yet.

The squared error of a layer's output is ``tr(E H E^T)`` for weight errors E and second moments H of the inputs. With
``H = U D U^T``, U unit upper triangular, it is a sum of one square for each column, and column k's least is reached by
rounding ``w_k - E[:, :k] U[:k, k]``, first column to last. That is GPTQ (Frantar et al., arXiv:2210.17323) in the
form that QuIP shows equal to it (Chee et al., arXiv:2307.13304): one Cholesky factor, no inverse. Afterwards single
weights move by a step as long as that lessens the same error (coordinate descent; pairs of weights in filters of few),
which can only help.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from portproof.calibration.rounding import exchange
from portproof.calibration.rounding.grid import WeightGrid

Floats = NDArray[np.float64]

DAMPING = 0.01
SWEEPS = 2
_BLOCK = 64


def round_weights(  # the parts of one optimisation problem
    columns: NDArray[Any],
    scales: NDArray[np.float32],
    hessian: Floats,
    grid: WeightGrid,
    *,
    damping: float = DAMPING,
    sweeps: int = SWEEPS,
) -> NDArray[np.int8]:
    """Integers for weights, with the least error that second-order rounding finds for the layer's output.

    Args:
        columns: weights [groups, outputs, columns].
        scales: float32 [groups, outputs, blocks], fixed beforehand: see `weight_scales`.
        hessian: second moments of the layer's inputs [groups, columns, columns]: `Moments.hessian`, or
            `Moments.covariance` where the bias is corrected afterwards.
        grid: of the integers.
        damping: share of the mean of the diagonal that is added to it: trust in the moments where they say little.
        sweeps: of coordinate descent.

    Returns:
        int8 [groups, outputs, columns], within the grid; never worse than `WeightGrid.nearest` by `output_error`.
    """
    weight = columns.astype(np.float64)
    spread = np.broadcast_to(grid.spread(scales, weight.shape[2]), weight.shape)
    sound = damped(hessian, damping)
    order = np.argsort(-np.diagonal(sound, axis1=1, axis2=2), axis=1, kind="stable")
    there, back = order[:, None, :], np.argsort(order, axis=1, kind="stable")[:, None, :]
    sorted_moments = np.take_along_axis(np.take_along_axis(sound, order[:, :, None], 1), there, 2)
    targets, steps = np.take_along_axis(weight, there, 2), np.take_along_axis(spread, there, 2)
    rounded = _compensated(targets, steps, _unit_upper(sorted_moments), grid)
    _descend(targets, rounded, steps, sorted_moments, grid, sweeps)
    if sweeps and weight.shape[2] <= exchange.MOST_COLUMNS:
        exchange.exchange(targets, rounded, steps, sorted_moments, grid)
    found = np.take_along_axis(rounded, back, 2)
    plain = grid.nearest(weight, spread)
    better = output_error(weight, found * spread, sound) < output_error(weight, plain * spread, sound)
    return np.where(better[:, :, None], found, plain).astype(np.int8)


def output_error(columns: Floats, rounded: Floats, hessian: Floats) -> Floats:
    """Mean squared error of each output, [groups, outputs], of rounded weights in place of columns."""
    error = rounded - columns
    squares: Floats = ((error @ hessian) * error).sum(axis=2)
    return squares


def damped(hessian: Floats, damping: float) -> Floats:
    """Moments that are positive definite; inputs that never were anything but zero count as damping alone."""
    size = hessian.shape[2]
    means = np.trace(hessian, axis1=1, axis2=2) / size
    # A group whose inputs are all zero: any positive number, so that it is rounded to nearest.
    extra = np.where(means > 0, damping * means, 1.0)
    return hessian + extra[:, None, None] * np.eye(size)


def _unit_upper(hessian: Floats) -> Floats:
    """U of H = U D U^T: the Cholesky factor of the matrix turned round, turned back, its columns over their pivots."""
    factor = np.linalg.cholesky(hessian[:, ::-1, ::-1])[:, ::-1, ::-1]
    upper: Floats = factor / np.diagonal(factor, axis1=1, axis2=2)[:, None, :]
    return upper


def _compensated(weight: Floats, steps: Floats, upper: Floats, grid: WeightGrid) -> Floats:
    """Round column after column; what blocks of columns before contribute comes by one matrix product."""
    rounded, error = np.empty_like(weight), np.zeros_like(weight)
    for start in range(0, weight.shape[2], _BLOCK):
        stop = min(start + _BLOCK, weight.shape[2])
        targets = weight[:, :, start:stop] - error[:, :, :start] @ upper[:, :start, start:stop]
        for k in range(start, stop):
            feedback = error[:, :, start:k] @ upper[:, start:k, k, None]
            target = targets[:, :, k - start] - feedback[:, :, 0]
            rounded[:, :, k] = grid.nearest(target, steps[:, :, k])
            error[:, :, k] = rounded[:, :, k] * steps[:, :, k] - weight[:, :, k]
    return rounded


def _descend(weight: Floats, rounded: Floats, steps: Floats, hessian: Floats, grid: WeightGrid, sweeps: int) -> None:
    """Move each column's weights to their best integers, the others as they are, `sweeps` times over; in place."""
    diagonal = np.diagonal(hessian, axis1=1, axis2=2)
    for _ in range(sweeps):
        gradient = (rounded * steps - weight) @ hessian
        for start in range(0, weight.shape[2], _BLOCK):
            part = slice(start, min(start + _BLOCK, weight.shape[2]))
            before = rounded[:, :, part].copy()
            inside = hessian[:, part, part]
            local = gradient[:, :, part].copy()
            for k in range(before.shape[2]):
                step = steps[:, :, start + k]
                best = rounded[:, :, start + k] - local[:, :, k] / (diagonal[:, start + k, None] * step)
                best = np.clip(np.rint(best), -grid.largest, grid.largest)
                moved = (best - rounded[:, :, start + k]) * step
                local += moved[:, :, None] * inside[:, None, k, :]
                rounded[:, :, start + k] = best
            gradient += ((rounded[:, :, part] - before) * steps[:, :, part]) @ hessian[:, part, :]
