"""The weights of mel filter banks."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def triangles(bins: int, length: int, rate: int, low: float, high: float) -> Array:
    """Edges as ONNX has them: bins + 2 steps of (high - low) / (bins + 2) on the mel scale, rounded down."""
    first, last = (2595 * np.log10(1 + np.float64(edge) / 700) for edge in (low, high))
    mels = np.arange(bins + 2) * ((last - first) / (bins + 2)) + first
    edges = ((length + 1) * (700 * (10 ** (mels / 2595) - 1)) // rate).astype(int)
    weights = np.zeros((length // 2 + 1, bins))
    for column, (left, centre, right) in enumerate(zip(edges, edges[1:], edges[2:], strict=False)):
        if centre == left:
            weights[centre, column] = 1
        else:
            weights[left : centre + 1, column] = np.arange(centre - left + 1) / (centre - left)
        if right > centre:
            weights[centre:right, column] = np.arange(right - centre, 0, -1) / (right - centre)
    return weights
