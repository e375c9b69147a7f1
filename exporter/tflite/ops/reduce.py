"""Reductions over axes: Sum, Mean, Max, Min, Prod, and those that compute something before or behind."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.axes import resolve_axis
from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast, reduce, unary
from portproof.exporter.tflite.make.movement import reshape
from portproof.exporter.tflite.make.parameter import declared_shape
from portproof.exporter.tflite.make.widened import FLOAT, NUMBERS, UInt64, widened
from portproof.exporter.tflite.ops.arithmetic import abs_
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, dtype_of, rank_of, shape_of

_BOOLEAN = {"ReduceMax": "REDUCE_ANY", "ReduceMin": "REDUCE_ALL"}


@dataclass(frozen=True, kw_only=True)
class Axes:
    """What is reduced: non-negative axes (none: every element by itself), and whether they stay as 1."""

    axes: tuple[int, ...]
    keepdims: bool

    def shape(self, x: ir.Value) -> list[int]:
        """Of the result."""
        kept = [1 if axis in self.axes else size for axis, size in enumerate(shape_of(x))]
        return kept if self.keepdims else [size for axis, size in enumerate(kept) if axis not in self.axes]

    def apply(self, b: Builder, op: str, x: ir.Value) -> ir.Value:
        """One reducing operator, or none where there is nothing to reduce."""
        return reduce(b, op, x, self.axes, keepdims=self.keepdims) if self.axes else x

    def broadcast(self, b: Builder, op: str, x: ir.Value) -> ir.Value:
        """The same in a shape that broadcasts against `x`."""
        return replace(self, keepdims=True).apply(b, op, x)


@dataclass(frozen=True, kw_only=True)
class LateAxes(Axes):
    """Axes computed at run time, int32 or int64; the result has the shape that the model declares."""

    places: ir.Value
    out: tuple[int, ...]

    def shape(self, x: ir.Value) -> list[int]:  # noqa: ARG002 (the shape of `x` does not tell)
        """As declared."""
        return list(self.out)

    def apply(self, b: Builder, op: str, x: ir.Value) -> ir.Value:
        """The kernel reads the axes; negative ones count from the end."""
        places = cast(b, self.places, "int32")
        return b.emit(op, [x, places], shape=self.out, dtype=dtype_of(x), keep_dims=self.keepdims)

    def broadcast(self, b: Builder, op: str, x: ir.Value) -> ir.Value:
        """In the shape of `x`: which axes become 1 shows only at run time."""
        shape, dtype = shape_of(x), dtype_of(x)
        kept = b.emit(op, [x, cast(b, self.places, "int32")], shape=(1,) * len(shape), dtype=dtype, keep_dims=True)
        return b.emit("BROADCAST_TO", [kept, b.ints(shape)], shape=shape, dtype=dtype)


Compute = Callable[[Builder, ir.Value, Axes], ir.Value]

_COMPOSED = ("ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceSumSquare")
_ATTRIBUTE_FORM = ("ReduceMax", "ReduceMin", "ReduceMean", "ReduceProd", *_COMPOSED)
_NOTE = "axes computed at run time without a declared shape"


@onnx_op("ReduceSum", *_ATTRIBUTE_FORM, note=_NOTE)
def reduce_attribute(b: Builder, x: ir.Value, *, axes: Sequence[int] | None, keepdims: int, op_type: str) -> ir.Value:
    """The axes are an attribute; none means all."""
    return _reduce(b, x, axes, keepdims, False, op_type)


@onnx_op("ReduceSum", since=13, note=_NOTE)
@onnx_op(*_ATTRIBUTE_FORM, since=18, note=_NOTE)
def reduce_input(
    b: Builder,
    x: ir.Value,
    axes: ir.Value | None = None,
    *,
    keepdims: int,
    noop_with_empty_axes: int,
    op_type: str,
) -> ir.Value:
    """The axes are an input; none means all, or none at all with `noop_with_empty_axes`."""
    array = array_of(axes)
    if axes is not None and array is None and shape_of(axes) != (0,):
        return _late(b, x, axes, keepdims, op_type)
    wanted = None if array is None else [int(axis) for axis in array.reshape(-1)]
    return _reduce(b, x, wanted, keepdims, bool(noop_with_empty_axes), op_type)


def _reduce(b: Builder, x: ir.Value, axes: Sequence[int] | None, keepdims: int, noop: bool, op_type: str) -> ir.Value:
    rank = rank_of(x)
    every = () if noop else tuple(range(rank))
    chosen = tuple(sorted({resolve_axis(axis, rank) for axis in axes})) if axes else every
    which = Axes(axes=chosen, keepdims=bool(keepdims))
    if any(shape_of(x)[axis] == 0 for axis in which.axes):
        return _of_nothing(b, x, which, op_type)
    return _compute(b, x, which, op_type)


def _late(b: Builder, x: ir.Value, axes: ir.Value, keepdims: int, op_type: str) -> ir.Value:
    every = tuple(range(rank_of(x)))
    which = LateAxes(axes=every, keepdims=bool(keepdims), places=axes, out=declared_shape(b))
    if 0 in shape_of(x):
        return _of_nothing(b, x, which, op_type)
    return _compute(b, x, which, op_type)


def _compute(b: Builder, x: ir.Value, which: Axes, op_type: str) -> ir.Value:
    if dtype_of(x).name == "bool":
        return which.apply(b, _BOOLEAN[op_type], x)
    kernels = NUMBERS if op_type in _ON_INTEGERS else FLOAT
    return widened(b, kernels, [x], lambda p: _COMPUTE[op_type](b, p, which), uint64=_UINT64.get(op_type))


def _of_nothing(b: Builder, x: ir.Value, which: Axes, op_type: str) -> ir.Value:
    """Each operator's value for no elements, as a constant."""
    dtype = dtype_of(x)
    if dtype.kind not in "biuf" or (op_type == "ReduceMean" and dtype.kind != "f"):
        raise Refusal(f"{op_type} of no elements has no value in {dtype.name}")
    if op_type in ("ReduceMax", "ReduceMin"):
        low, high = (False, True) if dtype.kind == "b" else _ends(dtype)
        number = low if op_type == "ReduceMax" else high
    else:
        number = {"ReduceMean": np.nan, "ReduceProd": 1, "ReduceLogSum": -np.inf, "ReduceLogSumExp": -np.inf}.get(
            op_type, 0
        )
    return b.const(np.full(which.shape(x), number, dtype))


def _ends(dtype: np.dtype[Any]) -> tuple[float, float]:
    if dtype.kind == "f":
        return -np.inf, np.inf
    return np.iinfo(dtype).min, np.iinfo(dtype).max


def _plain(op: str) -> Compute:
    return lambda b, x, which: which.apply(b, op, x)


def _l1(b: Builder, x: ir.Value, which: Axes) -> ir.Value:
    return which.apply(b, "SUM", abs_(b, x))


def _sum_square(b: Builder, x: ir.Value, which: Axes) -> ir.Value:
    square = unary(b, "SQUARE", x) if dtype_of(x).kind == "f" else binary(b, "MUL", x, x)
    return which.apply(b, "SUM", square)


def _l2(b: Builder, x: ir.Value, which: Axes) -> ir.Value:
    return unary(b, "SQRT", _sum_square(b, x, which))


def _log_sum(b: Builder, x: ir.Value, which: Axes) -> ir.Value:
    return unary(b, "LOG", which.apply(b, "SUM", x))


def _log_sum_exp(b: Builder, x: ir.Value, which: Axes) -> ir.Value:
    """The maximum is taken out so that nothing overflows; a finite one, because inf - inf is NaN."""
    if not which.axes:
        return x
    peak = _finite(b, which.broadcast(b, "REDUCE_MAX", x))
    total = which.apply(b, "SUM", unary(b, "EXP", binary(b, "SUB", x, peak)))
    late = isinstance(which, LateAxes)
    added = _finite(b, which.apply(b, "REDUCE_MAX", x)) if late else reshape(b, peak, which.shape(x))
    return binary(b, "ADD", unary(b, "LOG", total), added)


def _finite(b: Builder, x: ir.Value) -> ir.Value:
    low, high = (b.const(float(end), np.float32) for end in (np.finfo(np.float32).min, np.finfo(np.float32).max))
    return binary(b, "MINIMUM", high, binary(b, "MAXIMUM", low, x))


_ON_INTEGERS = {"ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceSumSquare"}
_UINT64: dict[str, UInt64] = {
    "ReduceSum": "bits",
    "ReduceL1": "bits",
    "ReduceSumSquare": "bits",
    "ReduceProd": "bits",
    "ReduceMax": "order",
    "ReduceMin": "order",
}
_COMPUTE: dict[str, Compute] = {
    "ReduceSum": _plain("SUM"),
    "ReduceMean": _plain("MEAN"),
    "ReduceMax": _plain("REDUCE_MAX"),
    "ReduceMin": _plain("REDUCE_MIN"),
    "ReduceProd": _plain("REDUCE_PROD"),
    "ReduceL1": _l1,
    "ReduceL2": _l2,
    "ReduceLogSum": _log_sum,
    "ReduceLogSumExp": _log_sum_exp,
    "ReduceSumSquare": _sum_square,
}
