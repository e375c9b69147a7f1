"""CumProd: running products along an axis."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.axes import resolve_axis
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast
from portproof.exporter.tflite.make.known import calc
from portproof.exporter.tflite.make.movement import concat, gather, pad, reshape, slice_
from portproof.exporter.tflite.make.parameter import constant_ints
from portproof.exporter.tflite.make.widened import NUMBERS, widened
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, rank_of, shape_of


@onnx_op("CumProd", since=26, note="uint64")
def cum_prod(b: Builder, x: ir.Value, axis: ir.Value, *, exclusive: int, reverse: int) -> ir.Value:
    """Doubling: each entry times the one 1, 2, 4, ... before it, with ones in front of the first."""
    if array_of(axis) is None:
        return widened(b, NUMBERS, [x], lambda p: _along_late_axis(b, p, axis, bool(exclusive), bool(reverse)))
    along = resolve_axis(constant_ints(axis, "axis")[0], rank_of(x))
    return widened(b, NUMBERS, [x], lambda p: _products(b, p, along, bool(exclusive), bool(reverse)))


def _along_late_axis(b: Builder, x: ir.Value, axis: ir.Value, exclusive: bool, reverse: bool) -> ir.Value:
    """Along every axis, and one of the results chosen at run time."""
    rank, shape = rank_of(x), shape_of(x)
    number = calc(b, "FLOOR_MOD", reshape(b, cast(b, axis, np.int32), ()), rank)
    found = [reshape(b, _products(b, x, along, exclusive, reverse), (1, *shape)) for along in range(rank)]
    return gather(b, concat(b, found, 0), number, 0)


def _products(b: Builder, x: ir.Value, axis: int, exclusive: bool, reverse: bool) -> ir.Value:
    if exclusive:
        x = _shifted(b, x, axis, 1, reverse)
    step = 1
    while step < shape_of(x)[axis]:
        x = binary(b, "MUL", x, _shifted(b, x, axis, step, reverse))
        step *= 2
    return x


def _shifted(b: Builder, x: ir.Value, axis: int, by: int, reverse: bool) -> ir.Value:
    """`x` moved by `by` entries to the end (to the start with `reverse`), ones where it was."""
    shape = list(shape_of(x))
    begin = [by if reverse and other == axis else 0 for other in range(len(shape))]
    shape[axis] = max(shape[axis] - by, 0)
    ends = (0, min(by, shape_of(x)[axis])) if reverse else (min(by, shape_of(x)[axis]), 0)
    return pad(b, slice_(b, x, begin, shape), [ends if other == axis else (0, 0) for other in range(len(shape))], 1)
