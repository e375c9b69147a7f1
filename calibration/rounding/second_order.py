"""The step that rounds the weights of every layer by the second moments of its inputs."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from portproof.calibration.plan import LayerWeights
from portproof.calibration.rounding import bias_correction, gptq, inputs, weight_scales
from portproof.calibration.rounding.blocks import grid_of, matrix_of_scales, scales_of_matrix
from portproof.calibration.rounding.grid import WeightGrid
from portproof.calibration.rounding.inputs import Target
from portproof.calibration.rounding.moments import Moments
from portproof.calibration.steps import Context, Proposal

Floats = NDArray[np.float64]

# A matrix of as many rows as columns has most of its small directions from chance.
_PER_COLUMN = 25


class SecondOrderRounding:
    """GPTQ-style rounding: scales by weighted squared error, then error-compensated integers.

    A layer with a bias is rounded for the least variance of its output's error; the mean of the error goes into the
    bias. A layer without one is rounded for the least mean square.

    Attributes:
        name: as the report shows it.
    """

    name = "second-order rounding"

    def propose(self, context: Context) -> Iterator[Proposal]:
        """One proposal for each quantized layer that has a matrix form."""
        for target, found in inputs.moments(context, inputs.targets(context)):
            yield Proposal(layer=target.name, weights=_rounded(context, target, found))


def _rounded(context: Context, target: Target, found: Moments) -> LayerWeights:
    old = context.plan.weights[target.name]
    grid, matrix = grid_of(old), target.matrix
    columns = matrix.columns(context.weight(target.name)).astype(np.float64)
    hessian = found.hessian() if old.bias is None else found.covariance()
    damping = damping_of(found.rows, hessian.shape[2])
    scales = matrix_of_scales(matrix, old)
    if not _is_shared(target, old):
        importance = gptq.damped_diagonal(hessian, damping).reshape(matrix.groups, -1)
        scales = weight_scales.least_squares(columns, grid, importance)
    integers = _integers(target, columns, scales, hessian, grid, damping)
    bias = old.bias
    if bias is not None:
        rounded = integers * grid.spread(scales, columns.shape[2])
        mean = found.mean().reshape(matrix.groups, -1) * target.unit
        shift = bias_correction.shift_of_rounding(columns, rounded, mean)
        bias = (context.bias(target.name) + matrix.per_channel(shift)).astype(np.float32)
    return LayerWeights(
        integers=matrix.weight(integers),
        scale=old.scale if _is_shared(target, old) else scales_of_matrix(matrix, scales, old),
        axis=old.axis,
        bias=bias,
        bits=old.bits,
        block_size=old.block_size,
    )


def _integers(
    target: Target, columns: Floats, scales: NDArray[np.float32], hessian: Floats, grid: WeightGrid, damping: float
) -> NDArray[np.int8]:
    """Of the whole layer; slices one after the other, each with the moments of its own."""
    if target.slices == 1:
        return gptq.round_weights(columns, scales, hessian, grid, damping=damping)
    parts, steps = target.apart(columns), target.apart(scales)
    found = [
        gptq.round_weights(parts[at : at + 1], steps[at : at + 1], hessian[at : at + 1], grid, damping=damping)
        for at in range(target.slices)
    ]
    integers: NDArray[np.int8] = target.together(np.concatenate(found))
    return integers


def damping_of(rows: int, columns: int) -> float:
    """Trust in moments: they say little of directions that few rows show."""
    return gptq.DAMPING * (1 + _PER_COLUMN * columns / max(1, rows))


def _is_shared(target: Target, weights: LayerWeights) -> bool:
    """Whether channels have one scale together: of the whole layer by the unit's rules, or of a ConvTranspose's groups.

    Such scales stay as they are.
    """
    several = weights.scale.size > 1
    grouped = target.matrix.op == "ConvTranspose" and target.matrix.groups > 1
    return grouped or (several and bool((weights.scale == weights.scale.flat[0]).all()))
