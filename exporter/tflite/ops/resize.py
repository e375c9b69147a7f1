"""Resize and Upsample: the kernels where they take the same samples, else gathers and matrix products."""

from collections.abc import Sequence

import onnx_ir as ir

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
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import select
from portproof.exporter.tflite.make.late import of_late_shape
from portproof.exporter.tflite.make.late_sizes import Late, late
from portproof.exporter.tflite.make.movement import concat, slice_
from portproof.exporter.tflite.make.parameter import constant_ints, declared_shape
from portproof.exporter.tflite.make.resample import resample
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, dtype_of, is_run_time, rank_of, shape_of

_NOTE = "linear and cubic of integers; scales, sizes or roi computed at run time without a declared shape"


@onnx_op("Upsample", since=7, note=_NOTE)
def upsample_7(b: Builder, x: ir.Value, *, mode: str, scales: Sequence[float]) -> ir.Value:
    """The scales are an attribute."""
    return _resize(b, x, by_scales(b.source, shape_of(x), scales), old_rule(mode))


@onnx_op("Upsample", since=9, note=_NOTE)
@onnx_op("Resize", since=10, note=_NOTE)
def resize_10(b: Builder, x: ir.Value, scales: ir.Value, *, mode: str) -> ir.Value:
    """The scales are an input."""
    if array_of(scales) is None:
        return late(b, x, Late(scales=scales), range(rank_of(x)), old_rule(mode))
    return _resize(b, x, by_scales(b.source, shape_of(x), _floats(scales, "scales")), old_rule(mode))


@onnx_op("Resize", since=11, note=_NOTE)
def resize_11(
    b: Builder,
    x: ir.Value,
    roi: ir.Value | None = None,
    scales: ir.Value | None = None,
    sizes: ir.Value | None = None,
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
) -> ir.Value:
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
    named = resolve_axes(list(axes), rank_of(x)) if axes is not None else list(range(rank_of(x)))
    policy = keep_aspect_ratio_policy or "stretch"
    # Before opset 13 an empty tensor stands for a missing one.
    scaled = scales is not None and shape_of(scales) != (0,)
    if _is_late(roi, scales, sizes, rule, policy):
        if is_run_time(scales):
            refuse_disputed(b.source, rule)
        given = Late(scales=scales if scaled else None, sizes=sizes, roi=roi, policy=policy)
        return late(b, x, given, named, rule)
    parts = regions(None if roi is None else _floats(roi, "roi"), named, rank_of(x)) if rule.crops else None
    if scales is not None and scaled:
        factors = spread(_floats(scales, "scales"), named, rank_of(x))
        wanted = [1.0 if factor is None else factor for factor in factors]
        if any(not (n * float(scale)).is_integer() for n, scale in zip(shape_of(x), wanted, strict=True)):
            refuse_disputed(b.source, rule)
        return _resize(b, x, by_scales(b.source, shape_of(x), wanted, parts), rule)
    if sizes is None:
        raise Refusal("neither scales nor sizes are given")
    if array_of(sizes) is None:
        shape = declared_shape(b)
        y = _resize(b, x, by_sizes(shape_of(x), shape, parts, policy), rule)
        ends = [
            slice_(b, sizes, [named.index(axis)], [1]) if axis in named else b.ints([n], dtype_of(sizes))
            for axis, n in enumerate(shape)
        ]
        return of_late_shape(b, y, concat(b, ends, 0))
    lengths = spread(constant_ints(sizes, "sizes"), named, rank_of(x))
    return _resize(b, x, by_sizes(shape_of(x), lengths, parts, policy), rule)


def _is_late(roi: ir.Value | None, scales: ir.Value | None, sizes: ir.Value | None, rule: Rule, policy: str) -> bool:
    """Whether samples lie where the scales or regions say that are computed at run time; sizes say it by themselves."""
    return (rule.crops and is_run_time(roi)) or is_run_time(scales) or (is_run_time(sizes) and policy != "stretch")


def _floats(value: ir.Value, what: str) -> list[float]:
    array = array_of(value)
    if array is None:
        raise Refusal(f"{what} is computed at run time", f"make {what} a constant of the model")
    return [float(item) for item in array.reshape(-1)]


def _resize(b: Builder, x: ir.Value, axes: Sequence[Axis], rule: Rule) -> ir.Value:
    refuse_empty(axes)
    refuse_idle_scales(axes, rule)
    y = resample(b, x, axes, rule)
    mask = mask_outside(axes, rule)
    return y if mask is None else select(b, b.const(mask), b.const(rule.extrapolation, dtype_of(y)), y)
