"""What ONNX's Resize asks for on each axis: sizes, scales and regions in numbers, by the rules of its attributes."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.lowering.sampling import Array, Axis, Rule, outside
from portproof.exporter.provenance import known

_Number = TypeVar("_Number", int, float)
Rois = list[tuple[float, float]]


def old_rule(mode: str) -> Rule:
    """Of Upsample, and of Resize in opset 10."""
    return Rule(mode=mode, transform="asymmetric", nearest_mode="simple")


def spread(given: Sequence[_Number], named: Sequence[int], rank: int) -> list[_Number | None]:
    """For every axis what is given for it, None for those not named.

    Raises:
        Refusal: there are not as many numbers as axes named.
    """
    if len(given) != len(named):
        raise Refusal(f"{len(given)} numbers for {len(named)} axes")
    return [given[named.index(axis)] if axis in named else None for axis in range(rank)]


def by_scales(
    source: ir.Node | None, shape: Sequence[int], scales: Sequence[float], rois: Rois | None = None
) -> list[Axis]:
    """Sizes are rounded down, in float32 as in ONNX Runtime; newer onnx does it in float64, which may give one less.

    Raises:
        Refusal: the two differ.
    """
    outs = [int(np.floor(np.float32(n) * np.float32(scale))) for n, scale in zip(shape, scales, strict=True)]
    declared = source.outputs[0].shape if source is not None else None
    if declared is not None and declared.is_static() and list(declared.numpy()) != outs:
        raise Refusal(
            f"scales give {outs} in ONNX Runtime and {list(declared.numpy())} in the model", "give sizes instead"
        )
    return _axes(shape, outs, scales, rois)


def by_sizes(shape: Sequence[int], sizes: Sequence[int | None], rois: Rois | None, policy: str) -> list[Axis]:
    """A policy other than stretch takes the smallest or largest scale for all axes that are named."""
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
    return _axes(shape, outs, scales, rois)


def _axes(shape: Sequence[int], outs: Sequence[int], scales: Sequence[float], rois: Rois | None) -> list[Axis]:
    parts = rois or [(0.0, 1.0)] * len(outs)
    return [
        Axis(size=size, out=out, scale=scale, roi=roi)
        for size, out, scale, roi in zip(shape, outs, scales, parts, strict=True)
    ]


def regions(ends: Sequence[float] | None, named: Sequence[int], rank: int) -> Rois:
    """(start, end) for every axis, from all starts and then all ends of those named.

    Raises:
        Refusal: there are none.
    """
    if ends is None:
        raise Refusal("tf_crop_and_resize without a roi")
    full = [(0.0, 1.0)] * rank
    for index, axis in enumerate(named):
        full[axis] = (ends[index], ends[index + len(named)])
    return full


def mask_outside(axes: Sequence[Axis], rule: Rule) -> Array | None:
    """Which samples stand for the extrapolation value, axes on which none does of size 1; None without any."""
    beyond = [outside(axis, rule) for axis in axes]
    if not any(part.any() for part in beyond):
        return None
    mask = np.zeros((1,) * len(axes), dtype=bool)
    for number, part in enumerate(beyond):
        if part.any():
            mask = mask | part.reshape([-1 if axis == number else 1 for axis in range(len(axes))])
    return mask


def refuse_disputed(source: ir.Node | None, rule: Rule) -> None:
    """For scales that give no whole size; torch, whose nodes tell where they come from, is with ONNX Runtime."""
    if rule.transform == "align_corners" and not (source is not None and known(source)):
        raise Refusal(
            "align_corners by scales: ONNX Runtime aligns whole sizes, ONNX size * scale", "give sizes instead"
        )


def refuse_idle_scales(axes: Sequence[Axis], rule: Rule) -> None:
    """ONNX Runtime copies what does not change in size, each axis by itself with antialias, whatever the scale."""
    idle = [axis.out == axis.size for axis in axes]
    scaled = [axis.scale != 1 and same for axis, same in zip(axes, idle, strict=True)]
    if not rule.crops and any(scaled) and (rule.antialias or all(idle)):
        raise Refusal("scales that change no size: ONNX interpolates, ONNX Runtime copies", "give sizes instead")


def refuse_empty(axes: Sequence[Axis]) -> None:
    """Nothing can be taken from nothing."""
    if any(axis.size == 0 or axis.out == 0 for axis in axes):
        raise Refusal("an empty tensor cannot be resized")
