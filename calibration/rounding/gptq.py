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
SWEEPS = 1
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
    ordered = np.take_along_axis(np.take_along_axis(sound, order[:, :, None], 1), order[:, None, :], 2)
    # Columns first: what is computed column by column then lies side by side.
    targets, steps = (np.take_along_axis(a.swapaxes(1, 2), order[:, :, None], 1) for a in (weight, spread))
    rounded = _compensated(targets, steps, _unit_upper(ordered), grid)
    for _ in range(sweeps):
        _descend(targets, rounded, steps, ordered, grid)
    if sweeps and weight.shape[2] <= exchange.MOST_COLUMNS:
        exchange.exchange(targets, rounded, steps, ordered, grid)
    found = np.empty_like(rounded)
    np.put_along_axis(found, order[:, :, None], rounded, 1)
    found = found.swapaxes(1, 2)
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
    return hessian + _extra(hessian, damping)[:, None, None] * np.eye(hessian.shape[2])


def damped_diagonal(hessian: Floats, damping: float) -> Floats:
    """The diagonals of `damped`, [groups, columns]."""
    diagonal: Floats = np.diagonal(hessian, axis1=1, axis2=2) + _extra(hessian, damping)[:, None]
    return diagonal


def _extra(hessian: Floats, damping: float) -> Floats:
    means = np.trace(hessian, axis1=1, axis2=2) / hessian.shape[2]
    # A group whose inputs are all zero: any positive number, so that it is rounded to nearest.
    return np.where(means > 0, damping * means, 1.0)


def _unit_upper(hessian: Floats) -> Floats:
    """U of H = U D U^T: the Cholesky factor of the matrix turned round, turned back, its columns over their pivots."""
    factor = np.linalg.cholesky(hessian[:, ::-1, ::-1])[:, ::-1, ::-1]
    upper: Floats = factor / np.diagonal(factor, axis1=1, axis2=2)[:, None, :]
    return upper


def _compensated(weight: Floats, steps: Floats, upper: Floats, grid: WeightGrid) -> Floats:
    """Round row after row of [groups, columns, outputs]; what blocks of rows before contribute is one product."""
    rounded, error = np.empty_like(weight), np.zeros_like(weight)
    lower = np.ascontiguousarray(upper.swapaxes(1, 2))
    for start in range(0, weight.shape[1], _BLOCK):
        stop = min(start + _BLOCK, weight.shape[1])
        targets = weight[:, start:stop] - lower[:, start:stop, :start] @ error[:, :start]
        for k in range(start, stop):
            target = targets[:, k - start] - (lower[:, k, None, start:k] @ error[:, start:k])[:, 0]
            rounded[:, k] = grid.nearest(target, steps[:, k])
            error[:, k] = rounded[:, k] * steps[:, k] - weight[:, k]
    return rounded


def _descend(weight: Floats, rounded: Floats, steps: Floats, hessian: Floats, grid: WeightGrid) -> None:
    """Move each row of [groups, columns, outputs] to its best integers, the others as they are, once; in place."""
    curvature = np.diagonal(hessian, axis1=1, axis2=2)[:, :, None] * steps
    error = rounded * steps - weight
    for start in range(0, weight.shape[1], _BLOCK):
        stop = min(start + _BLOCK, weight.shape[1])
        slope = hessian[:, start:stop] @ error
        before = error[:, start:stop].copy()
        for k in range(start, stop):
            moved = error[:, start:k] - before[:, : k - start]
            gradient = slope[:, k - start] + (hessian[:, k, None, start:k] @ moved)[:, 0]
            rounded[:, k] -= np.rint(gradient / curvature[:, k])
            np.clip(rounded[:, k], -grid.largest, grid.largest, out=rounded[:, k])
            error[:, k] = rounded[:, k] * steps[:, k] - weight[:, k]
