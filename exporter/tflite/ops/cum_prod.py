"""CumProd: running products along an axis."""

import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary
from portproof.exporter.tflite.make.movement import pad, slice_
from portproof.exporter.tflite.make.parameter import constant_ints, resolve_axis
from portproof.exporter.tflite.make.widened import NUMBERS, widened
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import rank_of, shape_of


@onnx_op("CumProd", since=26, note="constant axis; not uint64")
def cum_prod(b: Builder, x: ir.Value, axis: ir.Value, *, exclusive: int, reverse: int) -> ir.Value:
    """Doubling: each entry times the one 1, 2, 4, ... before it, with ones in front of the first."""
    along = resolve_axis(constant_ints(axis, "axis")[0], rank_of(x))
    return widened(b, NUMBERS, [x], lambda p: _products(b, p, along, bool(exclusive), bool(reverse)))


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
