"""Resize and Upsample: the kernels where they take the same samples, else gathers and matrix products."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.provenance import known
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import select
from portproof.exporter.tflite.make.late import of_late_shape
from portproof.exporter.tflite.make.late_sizes import Late, late
from portproof.exporter.tflite.make.movement import concat, slice_
from portproof.exporter.tflite.make.parameter import constant_ints, declared_shape, resolve_axes
from portproof.exporter.tflite.make.resample import resample
from portproof.exporter.tflite.make.sampling import Axis, Rule, outside
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, dtype_of, is_run_time, rank_of, shape_of

_Number = TypeVar("_Number", int, float)
Rois = list[tuple[float, float]]
_NOTE = "linear and cubic of integers; scales, sizes or roi computed at run time without a declared shape"


@onnx_op("Upsample", since=7, note=_NOTE)
def upsample_7(b: Builder, x: ir.Value, *, mode: str, scales: Sequence[float]) -> ir.Value:
    """The scales are an attribute."""
    return _resize(b, x, _by_scales(b, x, scales), _old(mode))


@onnx_op("Upsample", since=9, note=_NOTE)
@onnx_op("Resize", since=10, note=_NOTE)
def resize_10(b: Builder, x: ir.Value, scales: ir.Value, *, mode: str) -> ir.Value:
    """The scales are an input."""
    if array_of(scales) is None:
        return late(b, x, Late(scales=scales), range(rank_of(x)), _old(mode))
    return _resize(b, x, _by_scales(b, x, _floats(scales, "scales")), _old(mode))


def _old(mode: str) -> Rule:
    return Rule(mode=mode, transform="asymmetric", nearest_mode="simple")


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
    by_scales = scales is not None and shape_of(scales) != (0,)
    if _is_late(roi, scales, sizes, rule, policy):
        if is_run_time(scales):
            _refuse_disputed(b, rule)
        given = Late(scales=scales if by_scales else None, sizes=sizes, roi=roi, policy=policy)
        return late(b, x, given, named, rule)
    parts = _rois(roi, named, rank_of(x)) if rule.crops else None
    if scales is not None and by_scales:
        factors = _spread(_floats(scales, "scales"), named, rank_of(x))
        wanted = [1.0 if factor is None else factor for factor in factors]
        if any(not (n * float(scale)).is_integer() for n, scale in zip(shape_of(x), wanted, strict=True)):
            _refuse_disputed(b, rule)
        return _resize(b, x, _by_scales(b, x, wanted, parts), rule)
    if sizes is None:
        raise Refusal("neither scales nor sizes are given")
    if array_of(sizes) is None:
        shape = declared_shape(b)
        y = _resize(b, x, _by_sizes(x, shape, parts, policy), rule)
        ends = [
            slice_(b, sizes, [named.index(axis)], [1]) if axis in named else b.ints([n], dtype_of(sizes))
            for axis, n in enumerate(shape)
        ]
        return of_late_shape(b, y, concat(b, ends, 0))
    lengths = _spread(constant_ints(sizes, "sizes"), named, rank_of(x))
    return _resize(b, x, _by_sizes(x, lengths, parts, policy), rule)


def _is_late(roi: ir.Value | None, scales: ir.Value | None, sizes: ir.Value | None, rule: Rule, policy: str) -> bool:
    """Whether samples lie where the scales or regions say that are computed at run time; sizes say it by themselves."""
    return (rule.crops and is_run_time(roi)) or is_run_time(scales) or (is_run_time(sizes) and policy != "stretch")


def _spread(given: Sequence[_Number], named: Sequence[int], rank: int) -> list[_Number | None]:
    """For every axis what is given for it, None for those not named."""
    if len(given) != len(named):
        raise Refusal(f"{len(given)} numbers for {len(named)} axes")
    return [given[named.index(axis)] if axis in named else None for axis in range(rank)]


def _by_scales(b: Builder, x: ir.Value, scales: Sequence[float], rois: Rois | None = None) -> list[Axis]:
    """Sizes are rounded down, in float32 as in ONNX Runtime; newer onnx does it in float64, which may give one less."""
    outs = [int(np.floor(np.float32(n) * np.float32(scale))) for n, scale in zip(shape_of(x), scales, strict=True)]
    declared = b.source.outputs[0].shape if b.source is not None else None
    if declared is not None and declared.is_static() and list(declared.numpy()) != outs:
        raise Refusal(
            f"scales give {outs} in ONNX Runtime and {list(declared.numpy())} in the model", "give sizes instead"
        )
    return _axes(x, outs, scales, rois)


def _by_sizes(x: ir.Value, sizes: Sequence[int | None], rois: Rois | None, policy: str) -> list[Axis]:
    """A policy other than stretch takes the smallest or largest scale for all axes that are named."""
    shape = shape_of(x)
    if 0 in shape:
        raise Refusal("an empty tensor cannot be resized")
    scales = [1.0 if size is None else size / n for n, size in zip(shape, sizes, strict=True)]
    outs = [n if size is None else size for n, size in zip(shape, sizes, strict=True)]
    if policy != "stretch":
        chosen = (min if policy == "not_larger" else max)(
            scale for scale, size in zip(scales, sizes, strict=True) if size is not None
        )
        scales = [scale if size is None else chosen for scale, size in zip(scales, sizes, strict=True)]
        outs = [int(np.floor(n * scale + 0.5)) for n, scale in zip(shape, scales, strict=True)]
    return _axes(x, outs, scales, rois)


def _axes(x: ir.Value, outs: Sequence[int], scales: Sequence[float], rois: Rois | None) -> list[Axis]:
    parts = rois or [(0.0, 1.0)] * len(outs)
    return [
        Axis(size=size, out=out, scale=scale, roi=roi)
        for size, out, scale, roi in zip(shape_of(x), outs, scales, parts, strict=True)
    ]


def _rois(roi: ir.Value | None, named: Sequence[int], rank: int) -> Rois:
    """(start, end) for every axis."""
    if roi is None:
        raise Refusal("tf_crop_and_resize without a roi")
    ends, full = _floats(roi, "roi"), [(0.0, 1.0)] * rank
    for index, axis in enumerate(named):
        full[axis] = (ends[index], ends[index + len(named)])
    return full


def _floats(value: ir.Value, what: str) -> list[float]:
    array = array_of(value)
    if array is None:
        raise Refusal(f"{what} is computed at run time", f"make {what} a constant of the model")
    return [float(item) for item in array.reshape(-1)]


def _resize(b: Builder, x: ir.Value, axes: Sequence[Axis], rule: Rule) -> ir.Value:
    if any(axis.size == 0 or axis.out == 0 for axis in axes):
        raise Refusal("an empty tensor cannot be resized")
    _refuse_idle_scales(axes, rule)
    y = resample(b, x, axes, rule)
    beyond = [outside(axis, rule) for axis in axes]
    if not any(part.any() for part in beyond):
        return y
    # Smaller than the tensor: axes on which nothing lies outside stay 1.
    mask = np.zeros((1,) * len(axes), dtype=bool)
    for number, part in enumerate(beyond):
        if part.any():
            mask = mask | part.reshape([-1 if axis == number else 1 for axis in range(len(axes))])
    return select(b, b.const(mask), b.const(rule.extrapolation, dtype_of(y)), y)


def _refuse_disputed(b: Builder, rule: Rule) -> None:
    """For scales that give no whole size; torch, whose nodes tell where they come from, is with ONNX Runtime."""
    if rule.transform == "align_corners" and not (b.source is not None and known(b.source)):
        raise Refusal(
            "align_corners by scales: ONNX Runtime aligns whole sizes, ONNX size * scale", "give sizes instead"
        )


def _refuse_idle_scales(axes: Sequence[Axis], rule: Rule) -> None:
    """ONNX Runtime copies what does not change in size, each axis by itself with antialias, whatever the scale."""
    idle = [axis.out == axis.size for axis in axes]
    scaled = [axis.scale != 1 and same for axis, same in zip(axes, idle, strict=True)]
    if not rule.crops and any(scaled) and (rule.antialias or all(idle)):
        raise Refusal("scales that change no size: ONNX interpolates, ONNX Runtime copies", "give sizes instead")
