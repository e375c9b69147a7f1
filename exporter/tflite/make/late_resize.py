"""Resizing by scales that are computed at run time, to the sizes that the model declares."""

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast
from portproof.exporter.tflite.make.interpolate import CUBIC, Tap, cubic_taps, linear_taps, nearest_taps
from portproof.exporter.tflite.make.known import calc, clip
from portproof.exporter.tflite.make.late import of_late_shape
from portproof.exporter.tflite.make.movement import concat, gather, reshape, slice_
from portproof.exporter.tflite.make.sampling import Rule
from portproof.exporter.tflite.refusal import Refusal
from portproof.exporter.tflite.values import shape_of

_HINT = "make scales a constant of the model"
_TAPS = {"nearest": nearest_taps, "linear": linear_taps, "cubic": cubic_taps}


def late_resize(
    b: Builder, x: ir.Value, scales: ir.Value, named: Sequence[int], shape: Sequence[int], rule: Rule
) -> ir.Value:
    """ONNX's Resize along the axes `named`, one after the other.

    Args:
        b: the builder.
        x: float32, or any type that GATHER has where the mode is nearest.
        scales: float32, one for each of `named`.
        named: the axes, not negative.
        shape: of the result; that the scales give another is an error at run time.
        rule: how.

    Raises:
        Refusal: the rule needs the scales to be known.
    """
    if rule.antialias or rule.exclude_outside or rule.mode not in _TAPS or rule.cubic_a != CUBIC:
        raise Refusal("scales is computed at run time, with antialias or weights of its own", _HINT)
    sizes, ends = shape_of(x), [b.ints([size]) for size in shape]
    for number, axis in enumerate(named):
        scale = slice_(b, scales, [number], [1])
        ends[axis] = cast(b, calc(b, "FLOOR", calc(b, "MUL", scale, sizes[axis])), np.int32)
        place = _places(b, scale, sizes[axis], shape[axis], rule)
        x = _resized(b, x, axis, _TAPS[rule.mode](b, place))
    return of_late_shape(b, x, concat(b, ends, 0))


def _resized(b: Builder, x: ir.Value, axis: int, taps: Sequence[Tap]) -> ir.Value:
    size, rank = shape_of(x)[axis], len(shape_of(x))
    total = None
    for tap in taps:
        term = gather(b, x, cast(b, clip(b, tap.place, 0, size - 1), np.int32), axis)
        if tap.weight is not None:
            along = [-1 if other == axis else 1 for other in range(rank)]
            count = shape_of(tap.weight)[0]
            term = calc(b, "MUL", term, reshape(b, tap.weight, [count if n < 0 else n for n in along]))
        total = term if total is None else calc(b, "ADD", total, term)
    if total is None:
        raise ValueError("no taps")
    return total


def _places(b: Builder, scale: ir.Value, size: int, out: int, rule: Rule) -> ir.Value:
    """The place in the input of each output sample, float32 [out], in the order of ONNX Runtime's arithmetic."""
    steps = b.const(np.arange(out), np.float32)
    if rule.transform == "asymmetric":
        place = calc(b, "DIV", steps, scale)
    elif rule.transform == "half_pixel" or (rule.transform == "pytorch_half_pixel" and out > 1):
        place = calc(b, "SUB", calc(b, "DIV", calc(b, "ADD", steps, 0.5), scale), 0.5)
    elif rule.transform in ("align_corners", "pytorch_half_pixel"):
        place = calc(b, "DIV", calc(b, "MUL", steps, size - 1 if out > 1 else 0), max(out - 1, 1))
    else:
        raise Refusal(f"scales is computed at run time, with {rule.transform}", _HINT)
    return _whole(b, place, rule.nearest_mode) if rule.mode == "nearest" else place


def _whole(b: Builder, place: ir.Value, nearest_mode: str) -> ir.Value:
    if nearest_mode == "round_prefer_floor":
        return calc(b, "CEIL", calc(b, "SUB", place, 0.5))
    if nearest_mode == "round_prefer_ceil":
        return calc(b, "FLOOR", calc(b, "ADD", place, 0.5))
    if nearest_mode in ("floor", "ceil"):
        return calc(b, nearest_mode.upper(), place)
    raise Refusal(f"nearest_mode {nearest_mode} is not known")
