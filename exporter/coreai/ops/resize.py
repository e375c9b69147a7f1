"""Resize and Upsample, axis by axis: entries taken again, or products with the weights of linear and cubic filters."""

from collections.abc import Sequence

import numpy as np

from portproof.exporter.coreai.builder import Builder
from portproof.exporter.coreai.ops.select import gather
from portproof.exporter.coreai.registry import onnx_op
from portproof.exporter.coreai.tensors import Tensor, array_of, constant, ints_of
from portproof.exporter.lowering.axes import resolve_axes
from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.lowering.resizing import (
    by_scales,
    by_sizes,
    old_rule,
    refuse_disputed,
    refuse_empty,
    refuse_idle_scales,
    spread,
)
from portproof.exporter.lowering.sampling import Axis, Rule, matrix, nearest


@onnx_op("Upsample", since=9)
@onnx_op("Resize", since=10)
def resize_10(b: Builder, x: Tensor, scales: Tensor, *, mode: str) -> Tensor:
    """The scales are an input."""
    rule = old_rule(mode)
    return _resized(b, x, by_scales(b.source, x.shape, _floats(scales)), rule)


@onnx_op("Resize", since=11, note="not tf_crop_and_resize")
def resize(
    b: Builder,
    x: Tensor,
    roi: Tensor | None = None,
    scales: Tensor | None = None,
    sizes: Tensor | None = None,
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
) -> Tensor:
    """Scales or sizes."""
    rule = Rule(
        mode=mode,
        transform=coordinate_transformation_mode,
        nearest_mode=nearest_mode,
        cubic_a=cubic_coeff_a,
        exclude_outside=bool(exclude_outside),
        antialias=bool(antialias),
    )
    if rule.crops:
        raise Refusal("tf_crop_and_resize is not written", "cut with Slice in front of it")
    named = list(range(x.rank)) if axes is None else resolve_axes(list(axes), x.rank)
    if scales is not None and scales.shape != (0,):
        factors = [1.0 if factor is None else factor for factor in spread(_floats(scales), named, x.rank)]
        refuse_disputed(b.source, rule)
        return _resized(b, x, by_scales(b.source, x.shape, factors), rule)
    if sizes is None:
        raise Refusal("neither scales nor sizes are given")
    wanted = spread(ints_of(sizes, "sizes"), named, x.rank)
    return _resized(b, x, by_sizes(x.shape, wanted, None, keep_aspect_ratio_policy or "stretch"), rule)


def _resized(b: Builder, x: Tensor, axes: Sequence[Axis], rule: Rule) -> Tensor:
    refuse_empty(axes)
    refuse_idle_scales(axes, rule)
    if rule.mode != "nearest" and not x.is_float:
        raise Refusal(f"{rule.mode} resizing of {x.dtype} is not written", "resize in float32")
    for number, axis in enumerate(axes):
        if axis.out == axis.size and axis.scale == 1:
            continue
        if rule.mode == "nearest":
            x = gather(b, x, constant(nearest(axis, rule)), axis=number)
        else:
            x = _weighted(b, x, matrix(axis, rule), number)
    return x


def _weighted(b: Builder, x: Tensor, weights: np.ndarray, axis: int) -> Tensor:
    """`weights` [out, size] applied to one axis."""
    swap = list(range(x.rank))
    swap[axis], swap[-1] = swap[-1], swap[axis]
    product = b.emit("broadcasting_batch_matmul", b.transpose(x, swap), weights.T.astype(x.dtype))
    return b.transpose(product, swap)


def _floats(scales: Tensor) -> list[float]:
    return [float(scale) for scale in array_of(scales, "scales")]
