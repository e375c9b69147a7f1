"""Bias correction of rounded weights: what they shift a channel by on average, the bias takes back.

A depthwise filter of nine weights under inputs that are positive on average turns rounding errors into a shift of the
whole channel. Of the weights alone it follows from the mean input; the shift that rounding the input adds is measured.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def shift_of_rounding(columns: NDArray[Any], rounded: NDArray[Any], mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """What rounding alone shifts each channel by, from the mean input of the layer: [groups, outputs], to be added.

    Args:
        columns: weights [groups, outputs, columns].
        rounded: the rounded weights, as real numbers.
        mean: of the layer's inputs, real numbers [groups, columns].
    """
    shift: NDArray[np.float64] = np.einsum("gok,gk->go", columns.astype(np.float64) - rounded, mean)
    return shift
