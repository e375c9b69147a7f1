"""Scales between the two forms that they have: of a matrix, and of the initializers that DequantizeLinear reads."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portproof.calibration.plan import LayerWeights
from portproof.calibration.rounding.grid import WeightGrid
from portproof.calibration.rounding.layer import LinearLayer


def grid_of(weights: LayerWeights) -> WeightGrid:
    """The integers that a layer's weights may be."""
    return WeightGrid(bits=weights.bits, block=weights.block_size or None)


def scales_of_matrix(matrix: LinearLayer, scales: NDArray[Any], like: LayerWeights) -> NDArray[np.float32]:
    """Scales [groups, outputs, blocks] as a layer's `scale`: [channels], or with blocks like the weight."""
    if not like.block_size:
        return np.ascontiguousarray(matrix.per_channel(scales), np.float32)
    return np.ascontiguousarray(_divided(matrix, like).weight(scales), np.float32)


def matrix_of_scales(matrix: LinearLayer, weights: LayerWeights) -> NDArray[np.float32]:
    """The inverse of `scales_of_matrix`."""
    if not weights.block_size:
        if matrix.op == "ConvTranspose":  # one scale serves an output of each group
            return np.tile(weights.scale, matrix.groups).reshape(matrix.groups, -1, 1)
        return weights.scale.reshape(matrix.groups, -1, 1)
    return _divided(matrix, weights).columns(weights.scale)


def _divided(matrix: LinearLayer, weights: LayerWeights) -> LinearLayer:
    """The layer that the scales would be the weights of."""
    return replace(matrix, weight_shape=weights.scale.shape)
