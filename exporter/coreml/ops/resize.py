"""Resize and Upsample."""

from collections.abc import Sequence

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import select
from portproof.exporter.coreml.make.late_resize import by_late_size
from portproof.exporter.coreml.make.parameter import constant_ints, declared_shape
from portproof.exporter.coreml.make.resample import resample
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, array_of, is_known, rank_of, shape_of
from portproof.exporter.lowering.axes import resolve_axes
from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.lowering.resizing import (
    by_scales,
    by_sizes,
    mask_outside,
    old_rule,
    refuse_disputed,
    refuse_empty,
    refuse_idle_scales,
    regions,
    spread,
)
from portproof.exporter.lowering.sampling import Axis, Rule

_NOTE = "linear and cubic of integers; scales and roi are constants"


@onnx_op("Upsample", since=7, note=_NOTE)
def upsample_7(b: Builder, x: Var, *, mode: str, scales: Sequence[float]) -> Var:
    """The scales are an attribute."""
    return _by_scales(b, x, list(scales), old_rule(mode))


@onnx_op("Upsample", since=9, note=_NOTE)
@onnx_op("Resize", since=10, note=_NOTE)
def resize_10(b: Builder, x: Var, scales: Var, *, mode: str) -> Var:
    """The scales are an input."""
    return _by_scales(b, x, _floats(scales, "scales"), old_rule(mode))


@onnx_op("Resize", since=11, note=_NOTE)
def resize_11(
    b: Builder,
    x: Var,
    roi: Var | None = None,
    scales: Var | None = None,
    sizes: Var | None = None,
    *,
    antialias: int | None,
    axes: Sequence[int] | None,
    coordinate_transformation_mode: str,
    cubic_coeff_a: float,
    exclude_outside: int,
    extrapolation_value: float,
    keep_aspect_ratio_policy: str | None,
    mode: str,
    nearest_mode: str,
) -> Var:
    """Scales or sizes; `antialias`, `axes` and `keep_aspect_ratio_policy` exist since opset 18."""
    rule = Rule(
        mode=mode,
        transform=coordinate_transformation_mode,
        nearest_mode=nearest_mode,
        cubic_a=cubic_coeff_a,
        exclude_outside=bool(exclude_outside),
        antialias=bool(antialias),
        extrapolation=extrapolation_value,
    )
    rank = rank_of(x)
    named = resolve_axes(list(axes), rank) if axes is not None else list(range(rank))
    parts = regions(None if roi is None else _floats(roi, "roi"), named, rank) if rule.crops else None
    # Before opset 13 an empty tensor stands for a missing one.
    if scales is not None and tuple(scales.shape) != (0,):
        factors = spread(_floats(scales, "scales"), named, rank)
        return _by_scales(b, x, [1.0 if factor is None else factor for factor in factors], rule, parts)
    if sizes is None:
        raise Refusal("neither scales nor sizes are given")
    policy, declared = keep_aspect_ratio_policy or "stretch", declared_shape(b)
    if array_of(sizes) is None and policy == "stretch" and declared is not None:
        return _resize(b, x, by_sizes(shape_of(x), declared, parts, policy), rule)
    return _resize(b, x, by_sizes(shape_of(x), spread(constant_ints(sizes, "sizes"), named, rank), parts, policy), rule)


def _by_scales(
    b: Builder, x: Var, scales: Sequence[float], rule: Rule, parts: list[tuple[float, float]] | None = None
) -> Var:
    if not is_known(x):
        return by_late_size(b, x, scales, rule)
    if any(not (n * float(scale)).is_integer() for n, scale in zip(shape_of(x), scales, strict=True)):
        refuse_disputed(b.source, rule)
    return _resize(b, x, by_scales(b.source, shape_of(x), scales, parts), rule)


def _resize(b: Builder, x: Var, axes: Sequence[Axis], rule: Rule) -> Var:
    refuse_empty(axes)
    refuse_idle_scales(axes, rule)
    y = resample(b, x, axes, rule)
    mask = mask_outside(axes, rule)
    return y if mask is None else select(b, b.const(mask), b.like(rule.extrapolation, y), y)


def _floats(value: Var, what: str) -> list[float]:
    array = array_of(value)
    if array is None:
        raise Refusal(f"{what} is computed at run time", f"make {what} a constant of the model")
    return [float(item) for item in np.asarray(array).reshape(-1)]
