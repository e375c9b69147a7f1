"""Values beyond which the function that reads a tensor gives what it gives there: no scale need hold them.

The input of a Gelu that spans -16 to 24 is as good from -4.5 on: below it gives 0, to less than a step of its results.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from portproof.calibration.observe.histogram import Histogram
from portproof.calibration.place.sites import op_type

if TYPE_CHECKING:
    import onnx_ir as ir

Bounds = tuple[float, float]
# Gelu(-4.5) is -1.5e-5; Sigmoid(7) and Tanh(4) are 1 to less than half a step of 1/256 and 1/128.
_BOUNDS: Mapping[str, Bounds] = {
    "Gelu": (-4.5, math.inf),
    "HardSigmoid": (-3.0, 3.0),
    "HardSwish": (-3.0, math.inf),
    "Relu": (0.0, math.inf),
    "Sigmoid": (-7.0, 7.0),
    "Tanh": (-4.0, 4.0),
}
_OWN_SLOPE = frozenset({"HardSigmoid"})  # the bounds are those of its default slope


def bounds(model: "ir.Model") -> dict[str, Bounds]:
    """What matters of each value that such functions alone read, by name."""
    found = {}
    for node in model.graph:
        for value in node.outputs:
            readers = [op_type(user) for user, _ in value.uses() if not _is_special(user)]
            if readers and len(readers) == len(list(value.uses())) and not value.is_graph_output():
                own = [_BOUNDS.get(reader, (-math.inf, math.inf)) for reader in readers]
                low, high = min(low for low, _ in own), max(high for _, high in own)
                if (low, high) != (-math.inf, math.inf):
                    found[value.name or ""] = (low, high)
    return found


def _is_special(node: "ir.Node") -> bool:
    return node.op_type in _OWN_SLOPE and bool(node.attributes)


def within(histogram: Histogram, limits: Bounds) -> Histogram:
    """The histogram of values raised and lowered to limits (to the bin's edge): what lies beyond costs nothing."""
    if not histogram.counts.size or (histogram.low >= limits[0] and histogram.high <= limits[1]):
        return histogram
    low, high = max(histogram.low, limits[0]), min(histogram.high, limits[1])
    if low >= high:
        return histogram  # all of it is saturated: nothing is known of what matters
    start = math.floor(low / histogram.width) - histogram.first
    stop = math.floor(high / histogram.width) - histogram.first
    index = np.clip(np.arange(len(histogram.counts)), start, stop) - start
    counts = np.bincount(index, weights=histogram.counts, minlength=stop - start + 1).astype(np.int64)
    return replace(histogram, low=low, high=high, first=histogram.first + start, counts=counts)
