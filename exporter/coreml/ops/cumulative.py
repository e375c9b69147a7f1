"""CumSum and CumProd."""

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary
from portproof.exporter.coreml.make.movement import box, concat, full
from portproof.exporter.coreml.make.parameter import constant_ints
from portproof.exporter.coreml.make.wrapping import wrapped
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, dtype_of, rank_of, shape_of
from portproof.exporter.lowering.axes import resolve_axis


@onnx_op("CumSum", since=11, note="the axis is a constant")
def cum_sum(b: Builder, x: Var, axis: Var, *, exclusive: int, reverse: int) -> Var:
    """The operator has the same meaning."""
    along = resolve_axis(constant_ints(axis, "axis")[0], rank_of(x))
    return wrapped(b, b.emit("cumsum", x=x, axis=along, exclusive=bool(exclusive), reverse=bool(reverse)))


@onnx_op("CumProd", since=26, note="the axis is a constant")
def cum_prod(b: Builder, x: Var, axis: Var, *, exclusive: int, reverse: int) -> Var:
    """Products of ever longer runs: each step multiplies what lies twice as far."""
    along = resolve_axis(constant_ints(axis, "axis")[0], rank_of(x))
    if exclusive:
        x = _shifted(b, x, along, 1, bool(reverse))
    step = 1
    while step < shape_of(x)[along]:
        x = binary(b, "mul", x, _shifted(b, x, along, step, bool(reverse)))
        step *= 2
    return wrapped(b, x)


def _shifted(b: Builder, x: Var, axis: int, by: int, reverse: bool) -> Var:
    """`x` moved by `by` entries to the end (to the start with `reverse`), ones where it was."""
    shape = list(shape_of(x))
    left = box(b, x, axis, by if reverse else 0, shape[axis] - by)
    shape[axis] = by
    ones = full(b, shape, 1, dtype_of(x))
    return concat(b, [left, ones] if reverse else [ones, left], axis)
