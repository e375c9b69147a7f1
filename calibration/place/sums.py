"""Scales of sums at which every runtime rounds alike.

A sum of two int8 values is (x * sx + y * sy) / sz, rounded. ONNX Runtime (`MlasQLinearAdd`) and XNNPACK (`qs8-vadd`)
multiply by integers of 22 and of 21 bits for sx / sz and sy / sz, elsewhere it is floats. Where the quotient lies
within such errors of a half, about once in a million sums, they give integers one apart, and layers behind spread that.

With sx / sz = p / q and sy / sz = r / q for whole p, q, r and an odd q, no quotient is nearer to a half than 1 / 2q:
the runtimes agree on all sums, if q is so small that this is beyond their errors. Scales move by a tenth of a percent.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from portproof.calibration.place.groups import inputs
from portproof.calibration.place.placement import Placement
from portproof.calibration.plan import Encoding

_SUMS = frozenset({"Add", "Sub"})
_LEAST = 101  # of q: with less, scales would move by more than half a percent
_MOST_MOVED = 0.005
_SAME = 3e-7  # relative: two roundings to float32
_BITS = 20  # XNNPACK's larger multiplier is in [2^20, 2^21), ONNX Runtime's has a bit more
_LARGEST = 4001


@dataclass(frozen=True, kw_only=True)
class _Sum:
    """Three groups of values by number: x + y = z."""

    x: int
    y: int
    z: int


def aligned(placement: Placement, activations: Mapping[str, Encoding]) -> dict[str, Encoding]:
    """The encodings with the scales of int8 sums in whole ratios, where that moves none by more than half a percent.

    Args:
        placement: which regions are integers, and which values share a scale.
        activations: the encoding of each value; values of a group have one.
    """
    number = {name: index for index, group in enumerate(placement.groups) for name in group.members}
    scales = {number[name]: found.scale for name, found in activations.items() if name in number}
    settled = {index for index, group in enumerate(placement.groups) if group.fixed is not None}
    for each in _sums(placement, number, activations):
        moved = _moved(each, scales, settled)
        if moved is not None:
            scales.update(moved)
            settled.update((each.x, each.y, each.z))
    return {name: _scaled(found, scales.get(number.get(name, -1))) for name, found in activations.items()}


def _scaled(encoding: Encoding, scale: float | None) -> Encoding:
    return encoding if scale is None or scale == encoding.scale else replace(encoding, scale=scale)


def _sums(placement: Placement, number: Mapping[str, int], activations: Mapping[str, Encoding]) -> Iterator[_Sum]:
    """Integer sums of two values that all carry int8 pairs, in the graph's order."""
    for region in placement.regions:
        if region.name not in placement.integer or region.head.op_type not in _SUMS or region.layer is not None:
            continue
        names = [value.name or "" for value in (*inputs(region), region.result)]
        known = [activations.get(name) for name in names]
        if len(names) == 3 and all(found is not None and found.dtype == "int8" for found in known):
            yield _Sum(x=number[names[0]], y=number[names[1]], z=number[names[2]])


def _moved(each: _Sum, scales: Mapping[int, float], settled: set[int]) -> dict[int, float] | None:
    """The scales of a sum's groups in whole ratios, those settled before as they are; None where that is not near."""
    first, second, result = (scales[index] for index in (each.x, each.y, each.z))
    divisors = np.arange(_LEAST, _most(first / result, second / result) + 1, 2, dtype=np.float64)
    if not divisors.size:
        return None
    ratios = {each.x: first / result, each.y: second / result, each.z: 1.0}
    wholes = {index: np.maximum(np.rint(divisors * ratio), 1.0) for index, ratio in ratios.items()}
    kept = next((index for index in (each.z, each.x, each.y) if index in settled), each.x)
    unit = scales[kept] / wholes[kept]
    found = {index: (unit * whole).astype(np.float32) for index, whole in wholes.items()}
    worst = np.max([_move(found[index], scales[index], index in settled) for index in found], axis=0)
    best = int(np.argmin(worst))
    return {index: float(scale[best]) for index, scale in found.items()} if worst[best] <= _MOST_MOVED else None


def _most(first: float, second: float) -> int:
    """The largest q: half of 1 / 2q is kept for what runtimes are off by, at factors of up to 255 each."""
    _, exponent = np.frexp(max(first, second))  # the larger ratio is in [2^(exponent - 1), 2^exponent)
    of_multipliers = 255 * 2.0 ** (int(exponent) - 1 - _BITS)
    of_scales = 255 * (first + second) * 2.0**-24
    return min(int(1 / (4 * (of_multipliers + of_scales))), _LARGEST)


def _move(found: NDArray[np.float32], scale: float, settled: bool) -> NDArray[np.float64]:
    """By how much a scale moves, relative; without end where it must not."""
    move: NDArray[np.float64] = np.abs(found.astype(np.float64) / scale - 1.0)
    return np.where(move > _SAME, np.inf, 0.0) if settled else move
