"""Resize and Upsample: the kernels where they take the same samples, else gathers and matrix products."""

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import select
from portproof.exporter.tflite.make.parameter import constant_ints, declared_shape, resolve_axes
from portproof.exporter.tflite.make.resample import resample
from portproof.exporter.tflite.make.sampling import Axis, Rule, outside
from portproof.exporter.tflite.refusal import Refusal
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, dtype_of, rank_of, shape_of

_NOTE = "constant scales and sizes; linear and cubic in float32 and float16"


@onnx_op("Upsample", since=7, note=_NOTE)
def upsample_7(b: Builder, x: ir.Value, *, mode: str, scales: Sequence[float]) -> ir.Value:
    """The scales are an attribute."""
    return _resize(b, x, _axes(b, x, scales), _old(mode))


@onnx_op("Upsample", since=9, note=_NOTE)
@onnx_op("Resize", since=10, note=_NOTE)
def resize_10(b: Builder, x: ir.Value, scales: ir.Value, *, mode: str) -> ir.Value:
    """The scales are an input."""
    return _resize(b, x, _axes(b, x, _floats(scales, "scales")), _old(mode))


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
    wanted = _scales(x, scales, sizes, named, keep_aspect_ratio_policy or "stretch")
    parts = _rois(roi, named, rank_of(x)) if rule.crops else None
    return _resize(b, x, _axes(b, x, wanted, parts), rule)


def _scales(
    x: ir.Value, scales: ir.Value | None, sizes: ir.Value | None, named: Sequence[int], policy: str
) -> list[float]:
    """A scale for every axis, 1 for those not named; before opset 13 an empty tensor stands for a missing one."""
    full = [1.0] * rank_of(x)
    if scales is not None and shape_of(scales) != (0,):
        given = _floats(scales, "scales")
    elif sizes is not None:
        old = [shape_of(x)[axis] for axis in named]
        given = [new / size if size else 1.0 for new, size in zip(constant_ints(sizes, "sizes"), old, strict=True)]
        if policy != "stretch":
            given = [min(given) if policy == "not_larger" else max(given)] * len(given)
    else:
        raise Refusal("neither scales nor sizes are given")
    for axis, scale in zip(named, given, strict=True):
        full[axis] = scale
    return full


def _rois(roi: ir.Value | None, named: Sequence[int], rank: int) -> list[tuple[float, float]]:
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


def _axes(
    b: Builder, x: ir.Value, scales: Sequence[float], rois: Sequence[tuple[float, float]] | None = None
) -> list[Axis]:
    parts = rois or [(0.0, 1.0)] * len(scales)
    return [
        Axis(size=size, out=out, scale=scale, roi=roi)
        for size, out, scale, roi in zip(shape_of(x), declared_shape(b), scales, parts, strict=True)
    ]


def _resize(b: Builder, x: ir.Value, axes: Sequence[Axis], rule: Rule) -> ir.Value:
    if any(axis.size == 0 or axis.out == 0 for axis in axes):
        raise Refusal("an empty tensor cannot be resized")
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
