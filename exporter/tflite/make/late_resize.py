"""Resizing by scales or regions that are computed at run time, to the sizes that the model declares.

The places of the samples are computed in float32 in the order of ONNX Runtime's arithmetic. Nearest entries are
gathered; for the other modes the weights of all entries become a matrix, one for each axis.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.lowering.sampling import Rule
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast, reduce, select
from portproof.exporter.tflite.make.carrier import carried
from portproof.exporter.tflite.make.known import Number, calc, choose, clip
from portproof.exporter.tflite.make.matmul import matmul
from portproof.exporter.tflite.make.movement import gather, reshape, transpose
from portproof.exporter.tflite.values import dtype_of, rank_of, shape_of

_GATHER_TYPES = frozenset({"float32", "float16", "int8", "uint8", "int16", "int32", "int64", "bool"})
_REACH = {"linear": 1, "cubic": 2}
"""How far the filter of a mode reaches to either side, in entries."""


@dataclass(frozen=True, kw_only=True)
class LateAxis:
    """One axis to be resized.

    Attributes:
        number: of the axis.
        size: entries before.
        out: entries after, as declared.
        scale: float32 [1].
        roi: the part that `tf_crop_and_resize` reads, in multiples of size - 1: two of float32 [1].
    """

    number: int
    size: int
    out: int
    scale: ir.Value
    roi: tuple[ir.Value, ir.Value] | None = None


def late_resize(b: Builder, x: ir.Value, axes: Sequence[LateAxis], rule: Rule) -> ir.Value:
    """ONNX's Resize along `axes`, one after the other.

    Args:
        b: the builder.
        x: floats, or any type that GATHER has where the mode is nearest.
        axes: in any order, each once.
        rule: how.

    Raises:
        Refusal: the mode is not known, or not for this type.
    """
    if rule.mode not in ("nearest", *_REACH) or (rule.mode == "nearest" and rule.antialias):
        raise Refusal(f"mode {rule.mode} is not known" if not rule.antialias else "antialias means nothing for nearest")
    if rule.mode != "nearest" and dtype_of(x).kind != "f":
        raise Refusal(f"mode {rule.mode} rounds {dtype_of(x).name} in a way ONNX leaves open", "resize in float32")
    dtype, types = dtype_of(x), _GATHER_TYPES if rule.mode == "nearest" else {"float32"}
    y, beyond = carried(b, x, types, "Resize", computes=True), None
    for axis in axes:
        place = _places(b, axis, rule)
        if rule.mode == "nearest":
            whole = _whole(b, place, axis, rule.nearest_mode)
            y = gather(b, y, cast(b, clip(b, whole, 0, axis.size - 1), np.int32), axis.number)
        else:
            y = _product(b, y, axis.number, _matrix(b, axis, place, rule))
        if rule.crops:
            away = reshape(b, _outside(b, place, axis.size), _along(axis.out, axis.number, rank_of(x)))
            beyond = away if beyond is None else calc(b, "LOGICAL_OR", beyond, away)
    y = y if beyond is None else select(b, beyond, b.const(rule.extrapolation, dtype_of(y)), y)
    return cast(b, y, dtype)


def _along(size: int, number: int, rank: int) -> list[int]:
    return [size if axis == number else 1 for axis in range(rank)]


def _places(b: Builder, axis: LateAxis, rule: Rule) -> ir.Value:
    """The place in the input of each output sample, float32 [out]."""
    steps, last = b.const(np.arange(axis.out), np.float32), axis.size - 1
    middles = calc(b, "ADD", steps, 0.5)
    half = calc(b, "SUB", calc(b, "DIV", middles, axis.scale), 0.5)
    if rule.transform == "asymmetric":
        return calc(b, "DIV", steps, axis.scale)
    if rule.transform == "tf_half_pixel_for_nn":
        return calc(b, "DIV", middles, axis.scale)
    if rule.transform == "half_pixel" or (rule.transform == "pytorch_half_pixel" and axis.out > 1):
        return half
    if rule.transform == "half_pixel_symmetric":
        ratio = calc(b, "DIV", b.const(axis.out, np.float32), calc(b, "MUL", axis.scale, axis.size))
        return calc(b, "ADD", calc(b, "MUL", calc(b, "SUB", b.const(1, np.float32), ratio), axis.size / 2), half)
    if rule.transform in ("align_corners", "pytorch_half_pixel"):
        return calc(b, "DIV", calc(b, "MUL", steps, last if axis.out > 1 else 0), max(axis.out - 1, 1))
    if rule.crops and axis.roi is not None:
        return _crop(b, axis, steps)
    raise Refusal(f"coordinate_transformation_mode {rule.transform} is not known")


def _crop(b: Builder, axis: LateAxis, steps: ir.Value) -> ir.Value:
    start, end = axis.roi if axis.roi is not None else (steps, steps)
    last = axis.size - 1
    if axis.out == 1:
        return calc(b, "MUL", calc(b, "ADD", start, end), 0.5 * last)
    walk = calc(b, "DIV", calc(b, "MUL", steps, calc(b, "MUL", calc(b, "SUB", end, start), last)), axis.out - 1)
    return calc(b, "ADD", calc(b, "MUL", start, last), walk)


def _outside(b: Builder, place: ir.Value, size: int) -> ir.Value:
    return calc(b, "LOGICAL_OR", calc(b, "LESS", place, 0), calc(b, "GREATER", place, size - 1))


def _whole(b: Builder, place: ir.Value, axis: LateAxis, nearest_mode: str) -> ir.Value:
    if nearest_mode == "round_prefer_floor":
        return calc(b, "CEIL", calc(b, "SUB", place, 0.5))
    if nearest_mode == "round_prefer_ceil":
        return calc(b, "FLOOR", calc(b, "ADD", place, 0.5))
    if nearest_mode in ("floor", "ceil"):
        return calc(b, nearest_mode.upper(), place)
    if nearest_mode == "simple":  # Upsample and Resize of opset 10
        return choose(b, calc(b, "LESS", axis.scale, 1), calc(b, "CEIL", place), calc(b, "FLOOR", place))
    raise Refusal(f"nearest_mode {nearest_mode} is not known")


def _matrix(b: Builder, axis: LateAxis, place: ir.Value, rule: Rule) -> ir.Value:
    """The weight of each entry in each sample, float32 [size, out].

    `antialias` widens the filter by 1 / scale where the axis shrinks. The filter is laid over more entries than there
    are; those behind the ends then count for the ends, or for nothing with `exclude_outside`.
    """
    reach = _REACH[rule.mode] * (-(-axis.size // max(axis.out, 1)) if rule.antialias else 1) + 1
    entries = np.arange(-reach, axis.size + reach)
    distance = calc(b, "SUB", b.const(entries[:, None], np.float32), reshape(b, place, (1, axis.out)))
    if rule.antialias:
        distance = calc(b, "MUL", distance, calc(b, "MINIMUM", axis.scale, 1))
    weights = _filter(b, calc(b, "ABS", distance), rule)
    if rule.exclude_outside:
        inside = (entries >= 0) & (entries < axis.size)
        weights = calc(b, "MUL", weights, b.const(inside[:, None], np.float32))
    if rule.exclude_outside or rule.antialias:
        weights = calc(b, "DIV", weights, reduce(b, "SUM", weights, [0], keepdims=True))
    ends = np.eye(axis.size)[np.clip(entries, 0, axis.size - 1)].T
    return matmul(b, b.const(ends, np.float32), weights)


def _filter(b: Builder, distance: ir.Value, rule: Rule) -> ir.Value:
    if rule.mode == "linear":
        return clip(b, calc(b, "SUB", b.const(1, np.float32), distance), 0, 1)
    a = rule.cubic_a
    near = _polynomial(b, distance, (a + 2, -(a + 3), 0, 1))
    far = _polynomial(b, distance, (a, -5 * a, 8 * a, -4 * a))
    behind = choose(b, calc(b, "LESS", distance, 2), far, 0.0)
    return choose(b, calc(b, "LESS_EQUAL", distance, 1), near, behind)


def _polynomial(b: Builder, t: ir.Value, factors: Sequence[float]) -> ir.Value:
    """By Horner's rule, the highest power first."""
    total: Number = factors[0]
    for factor in factors[1:]:
        total = calc(b, "ADD", calc(b, "MUL", t, total), factor)
    if not isinstance(total, ir.Value):
        raise TypeError("a polynomial of one factor")
    return total


def _product(b: Builder, x: ir.Value, number: int, matrix: ir.Value) -> ir.Value:
    """`x` with the entries of one axis weighted."""
    shape, rank = shape_of(x), rank_of(x)
    last = [*(axis for axis in range(rank) if axis != number), number]
    rows = reshape(b, transpose(b, x, last), (math.prod(shape) // shape[number], shape[number]))
    y = reshape(b, matmul(b, rows, matrix), [*(shape[axis] for axis in last[:-1]), shape_of(matrix)[1]])
    return transpose(b, y, [last.index(axis) for axis in range(rank)])
