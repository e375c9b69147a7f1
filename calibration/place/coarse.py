"""Results that eight bits do not hold: a few values stand so far out that all others fall on a handful of integers.

The residual stream of a transformer is such: massive activations (Sun et al., arXiv:2402.17762) in a channel or two.
Squared error does not show it, for the large values are most of the signal. So a step is held against the typical
value: the median distance from the median. A layer whose result is so coarse, and is read by float operators alone,
gives float32 where its unit has a kernel for that: int8 operands, float result, no pair behind it.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from portproof.calibration.observe import ranges
from portproof.calibration.observe.histogram import Histogram
from portproof.calibration.place.placement import Placement
from portproof.calibration.place.regions import Region
from portproof.calibration.place.sites import MOVEMENT
from portproof.calibration.plan import Encoding
from portproof.device_profiles.integer_kernels import KernelRules

if TYPE_CHECKING:
    import onnx_ir as ir

LEAST_DB = 16.0
"""A step as large as half a typical value; a normal distribution, stored whole, is at 40."""
_JOINS = frozenset({"Concat"})  # what else they move has a pair
_OF_NORMAL = 1.4826  # the standard deviation of a normal distribution in median distances


@dataclass(frozen=True, kw_only=True)
class FloatResult:
    """A layer that gives float32.

    Attributes:
        values: names of what carries no pair then: its result, and what only moves it.
        moves: names of the regions that move it, which stay float.
        why: the reason.
    """

    values: tuple[str, ...]
    moves: tuple[str, ...]
    why: str


def float_results(
    placement: Placement, rules: KernelRules, encodings: Mapping[str, Encoding], histograms: Mapping[str, Histogram]
) -> dict[str, FloatResult]:
    """The integer layers whose results are too coarse, by name.

    Args:
        placement: with the layer's result watched.
        rules: of the unit: which kernels may give float32.
        encodings: of the values that carry a pair.
        histograms: of the placement's sources.
    """
    regions = {region.head: region for region in placement.regions}
    found = {}
    for region in placement.regions:
        name = region.result.name or ""
        kernel = rules.kernel(region.head.op_type)
        if region.layer is None or region.name not in placement.integer or kernel is None or not kernel.float_result:
            continue
        if name in encodings and name in histograms and encodings[name].dtype == "int8":
            reached = typical_db(histograms[name], encodings[name])
            moved = _moved(region, placement, regions) if reached < LEAST_DB else None
            if moved is not None:
                found[region.name] = _float_result(region, moved, encodings[name], histograms[name])
    return found


def typical_db(histogram: Histogram, encoding: Encoding) -> float:
    """How far rounding stays below a typical value of a tensor, in dB; zeros apart, which are stored exactly."""
    counts, centers = histogram.counts.astype(np.float64), histogram.centers
    counts[np.abs(centers) <= histogram.width] = 0.0
    if not counts.any():
        return math.inf
    typical = _median(np.abs(centers - _median(centers, counts)), counts) * _OF_NORMAL
    error = ranges.squared_error(histogram, (encoding.low, encoding.high)) / counts.sum()
    if error <= 0.0:
        return math.inf
    return 10.0 * math.log10(max(typical * typical, histogram.width**2) / error)


def _median(values: NDArray[np.float64], counts: NDArray[np.float64]) -> float:
    order = np.argsort(values, kind="stable")
    below = np.cumsum(counts[order])
    return float(values[order][int(np.searchsorted(below, below[-1] / 2))])


def _moved(region: Region, placement: Placement, regions: "Mapping[ir.Node, Region]") -> tuple[Region, ...] | None:
    """The integer regions that move a result on to float operators; None where anything else reads it."""
    moved: list[Region] = []
    for reader in _readers(region):
        own = regions.get(reader) if reader is not None else None
        if reader is None or own is None:  # the caller, or a branch
            return None
        if own.name not in placement.integer:
            continue
        behind = _moved(own, placement, regions) if reader.op_type in MOVEMENT - _JOINS else None
        if behind is None:
            return None
        moved += [own, *behind]
    return tuple(dict.fromkeys(moved))


def _readers(region: Region) -> "Iterator[ir.Node | None]":
    """What reads a region's result; None for the graph's caller."""
    if region.result.is_graph_output():
        yield None
    yield from (user for user, _ in region.result.uses())


def _float_result(region: Region, moved: tuple[Region, ...], encoding: Encoding, histogram: Histogram) -> FloatResult:
    span = f"its values span {histogram.low:.4g} to {histogram.high:.4g}"
    return FloatResult(
        values=tuple(each.result.name or "" for each in (region, *moved)),
        moves=tuple(each.name for each in moved),
        why=f"{span}, and a step of {encoding.scale:.2g} is too coarse for most of them",
    )
