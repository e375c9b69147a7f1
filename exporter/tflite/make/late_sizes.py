"""What the inputs of Resize say where they are computed at run time: a scale for each axis, and the sizes to check."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.lowering.sampling import Rule
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast, reduce
from portproof.exporter.tflite.make.known import calc
from portproof.exporter.tflite.make.late import of_late_shape
from portproof.exporter.tflite.make.late_resize import LateAxis, late_resize
from portproof.exporter.tflite.make.movement import concat, slice_
from portproof.exporter.tflite.make.parameter import declared_shape
from portproof.exporter.tflite.values import array_of, dtype_of, shape_of


@dataclass(frozen=True, kw_only=True)
class Late:
    """Inputs of Resize, one of them at least computed at run time; numbers for the axes named.

    Attributes:
        scales: floats, or None where sizes are given.
        sizes: integers.
        roi: starts, then ends; only `tf_crop_and_resize` reads it.
        policy: what keeps the aspect ratio, ``"stretch"`` for nothing.
    """

    scales: ir.Value | None = None
    sizes: ir.Value | None = None
    roi: ir.Value | None = None
    policy: str = "stretch"


def late(b: Builder, x: ir.Value, given: Late, named: Sequence[int], rule: Rule) -> ir.Value:
    """ONNX's Resize along the axes `named` to the declared shape; another one is an error at run time.

    Raises:
        Refusal: no shape is declared, or `rule` does not fit.
    """
    shape, sizes = declared_shape(b), shape_of(x)
    if 0 in shape or 0 in sizes:
        raise Refusal("an empty tensor cannot be resized")
    scales = _scales(b, given, [sizes[axis] for axis in named], [shape[axis] for axis in named])
    axes = [
        LateAxis(
            number=axis,
            size=sizes[axis],
            out=shape[axis],
            scale=scale,
            roi=_region(b, given.roi, index, len(named)) if rule.crops else None,
        )
        for index, (axis, scale) in enumerate(zip(named, scales, strict=True))
    ]
    _refuse_copies(axes, rule)
    # With antialias ONNX Runtime copies an axis that does not change in size, whatever its scale.
    y = late_resize(b, x, [axis for axis in axes if not rule.antialias or axis.out != axis.size], rule)
    if given.scales is None and given.policy == "stretch":
        return y if given.sizes is None or array_of(given.sizes) is not None else _checked(b, y, given.sizes, named)
    if all(array_of(scale) is not None for scale in scales):
        return y
    ends = [b.ints([size]) for size in shape]
    for axis in axes:
        wanted = calc(b, "MUL", axis.scale, axis.size)
        half = 0.0 if given.policy == "stretch" else 0.5
        ends[axis.number] = cast(b, calc(b, "FLOOR", calc(b, "ADD", wanted, half)), np.int32)
    return of_late_shape(b, y, concat(b, ends, 0))


def _scales(b: Builder, given: Late, sizes: Sequence[int], outs: Sequence[int]) -> list[ir.Value]:
    """float32 [1] for each axis; a policy takes the smallest or largest for all."""
    count = len(sizes)
    if given.scales is not None:
        numbers = cast(b, given.scales, np.float32)
        return [slice_(b, numbers, [index], [1]) for index in range(count)]
    if given.sizes is None:
        raise Refusal("neither scales nor sizes are given")
    if given.policy == "stretch":
        return [b.const([out / size], np.float32) for out, size in zip(outs, sizes, strict=True)]
    ratios = calc(b, "DIV", cast(b, given.sizes, np.float32), b.const(sizes, np.float32))
    known, least = array_of(ratios), given.policy == "not_larger"
    if known is not None:
        return [b.const([known.min() if least else known.max()], np.float32)] * count
    return [reduce(b, "REDUCE_MIN" if least else "REDUCE_MAX", ratios, [0], keepdims=True)] * count


def _region(b: Builder, roi: ir.Value | None, index: int, count: int) -> tuple[ir.Value, ir.Value]:
    if roi is None:
        raise Refusal("tf_crop_and_resize without a roi")
    ends = cast(b, roi, np.float32)
    return slice_(b, ends, [index], [1]), slice_(b, ends, [index + count], [1])


def _refuse_copies(axes: Sequence[LateAxis], rule: Rule) -> None:
    """ONNX Runtime copies what does not change in size, each axis by itself with antialias, whatever the scale."""
    idle = [axis.out == axis.size for axis in axes if array_of(axis.scale) is None]
    if not rule.crops and idle and all(idle):
        raise Refusal("scales that change no size: ONNX interpolates, ONNX Runtime copies", "give sizes instead")


def _checked(b: Builder, y: ir.Value, sizes: ir.Value, named: Sequence[int]) -> ir.Value:
    ends = [b.ints([size], dtype_of(sizes)) for size in shape_of(y)]
    for index, axis in enumerate(named):
        ends[axis] = slice_(b, sizes, [index], [1])
    return of_late_shape(b, y, concat(b, ends, 0))
