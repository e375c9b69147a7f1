"""Images whose size is known only at run time, enlarged by whole factors."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.resample import linear_weights
from portproof.exporter.coreml.values import Var, is_float
from portproof.exporter.lowering.refusal import UnknownShape
from portproof.exporter.lowering.sampling import Axis, Rule, matrix, nearest

_TRIALS = (2, 5, 7)
"""Sizes for which the samples are compared; the rules do not depend on the size otherwise."""


def by_late_size(b: Builder, x: Var, scales: Sequence[float], rule: Rule) -> Var:
    """The last two axes of `x` enlarged by whole factors, nearest or linear.

    Raises:
        UnknownShape: the scales or the rule are others.
    """
    *others, height, width = scales
    if any(scale != 1 for scale in others) or not _whole(height) or not _whole(width) or not is_float(x):
        raise _unknown(x)
    factors: dict[str, Any] = {"scale_factor_height": int(height), "scale_factor_width": int(width)}
    if rule.mode == "nearest" and _repeats(list(factors.values()), rule):
        return b.emit("upsample_nearest_neighbor", x=x, **factors)
    for mode in ("UNALIGN_CORNERS", "STRICT_ALIGN_CORNERS"):
        if rule.mode == "linear" and _agrees(list(factors.values()), rule, mode):
            return b.emit("upsample_bilinear", x=x, align_corners=mode == "STRICT_ALIGN_CORNERS", **factors)
    raise _unknown(x)


def _unknown(x: Var) -> UnknownShape:
    return UnknownShape(
        f"the size of {x.name} is not known before run time", "enlarge by whole factors, or declare it with --input"
    )


def _whole(scale: float) -> bool:
    return float(scale).is_integer() and scale >= 1


def _trials(factors: Sequence[int]) -> list[Axis]:
    return [Axis(size=size, out=size * factor, scale=factor) for size in _TRIALS for factor in factors]


def _repeats(factors: Sequence[int], rule: Rule) -> bool:
    return all(
        np.array_equal(nearest(axis, rule), np.arange(axis.out) // (axis.out // axis.size)) for axis in _trials(factors)
    )


def _agrees(factors: Sequence[int], rule: Rule, mode: str) -> bool:
    return all(
        np.allclose(matrix(axis, rule), linear_weights(axis.size, axis.out, mode), atol=1e-5)
        for axis in _trials(factors)
    )
