"""Reductions. Core AI keeps the axes that it reduces, with size 1."""

from collections.abc import Callable, Sequence

import numpy as np

from portproof.exporter.coreai.builder import Builder
from portproof.exporter.coreai.registry import onnx_op
from portproof.exporter.coreai.tensors import Tensor, ints_of
from portproof.exporter.lowering.axes import resolve_axes
from portproof.exporter.lowering.refusal import Refusal

_NAMES = ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare")
_NAMES_OF_LOGS = ("ReduceLogSum", "ReduceLogSumExp")
_SAME = {
    "ReduceSum": "reduce_sum",
    "ReduceMean": "reduce_mean",
    "ReduceMax": "reduce_max",
    "ReduceMin": "reduce_min",
    "ReduceProd": "reduce_product",
}


@onnx_op(*_NAMES, *_NAMES_OF_LOGS, since=1)
def reduce_1(b: Builder, x: Tensor, *, axes: Sequence[int] | None, keepdims: int, op_type: str) -> Tensor:
    """The axes are an attribute."""
    return _reduced(b, x, list(axes or []), bool(keepdims), op_type)


@onnx_op("ReduceSum", since=13)
@onnx_op(*(name for name in (*_NAMES, *_NAMES_OF_LOGS) if name != "ReduceSum"), since=18)
def reduce_18(
    b: Builder, x: Tensor, axes: Tensor | None = None, *, keepdims: int, noop_with_empty_axes: int, op_type: str
) -> Tensor:
    """The axes are an input; none are all, or with `noop_with_empty_axes` none."""
    along = [] if axes is None else ints_of(axes, "axes")
    if not along and noop_with_empty_axes:
        raise Refusal("a reduction of no axis is not written", "leave the node away")
    return _reduced(b, x, along, bool(keepdims), op_type)


@onnx_op("ArgMax", "ArgMin", since=11, note="the first of equal values")
def arg(b: Builder, x: Tensor, *, axis: int, keepdims: int, select_last_index: int | None, op_type: str) -> Tensor:
    """The place of the largest or smallest value, the first of equal ones."""
    if select_last_index:
        raise Refusal("the last of equal values is not written", "use select_last_index=0")
    if op_type == "ArgMin" and x.dtype.kind != "f":
        raise Refusal(f"the smallest of {x.dtype} is not written", "compare in float32")
    given = b.emit("broadcasting_mul", x, b.like(-1, x)) if op_type == "ArgMin" else x
    places = b.cast(b.emit("argmax", given, np.array(axis % x.rank, np.int32)), np.int64)
    return places if keepdims else _without(b, places, [axis % x.rank])


def _reduced(b: Builder, x: Tensor, axes: list[int], keeps: bool, op_type: str) -> Tensor:
    along = resolve_axes(axes, x.rank) or list(range(x.rank))
    if not along:
        raise Refusal("a reduction of a scalar is not written")
    if 0 in x.shape:
        raise Refusal("a reduction of nothing is not written")
    kept = _along(b, x, np.array(along, np.int32), op_type)
    return kept if keeps else _without(b, kept, along)


def _along(b: Builder, x: Tensor, axes: np.ndarray, op_type: str) -> Tensor:
    if op_type in _SAME:
        return b.emit(_SAME[op_type], x, axes)
    return _OTHERS[op_type](b, x, axes)


def _sum(b: Builder, x: Tensor, axes: np.ndarray) -> Tensor:
    return b.emit("reduce_sum", x, axes)


def _squares(b: Builder, x: Tensor, axes: np.ndarray) -> Tensor:
    return _sum(b, b.emit("broadcasting_mul", x, x), axes)


def _log_sum_exp(b: Builder, x: Tensor, axes: np.ndarray) -> Tensor:
    """From the largest value, so that no exponent is positive."""
    top = b.emit("reduce_max", x, axes)
    total = b.emit("log", _sum(b, b.emit("exp", b.emit("broadcasting_sub", x, top)), axes))
    return b.emit("broadcasting_add", total, top)


_OTHERS: dict[str, Callable[[Builder, Tensor, np.ndarray], Tensor]] = {
    "ReduceL1": lambda b, x, axes: _sum(b, b.emit("abs_", x), axes),
    "ReduceL2": lambda b, x, axes: b.emit("sqrt", _squares(b, x, axes)),
    "ReduceSumSquare": _squares,
    "ReduceLogSum": lambda b, x, axes: b.emit("log", _sum(b, x, axes)),
    "ReduceLogSumExp": _log_sum_exp,
}


def _without(b: Builder, x: Tensor, axes: Sequence[int]) -> Tensor:
    return b.reshape(x, [size for axis, size in enumerate(x.shape) if axis not in axes])
