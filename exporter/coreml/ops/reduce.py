"""Reductions over axes: each is one of MIL's; of whole numbers some go through floats."""

from collections.abc import Sequence

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary, unary
from portproof.exporter.coreml.make.integer import truncated_quotient
from portproof.exporter.coreml.make.parameter import constant_ints
from portproof.exporter.coreml.make.wrapping import wrapped
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, dtype_of, is_float, rank_of, shape_of
from portproof.exporter.lowering.axes import resolve_axis
from portproof.exporter.lowering.refusal import Refusal

_MIL = {
    "ReduceSum": "reduce_sum",
    "ReduceMean": "reduce_mean",
    "ReduceMax": "reduce_max",
    "ReduceMin": "reduce_min",
    "ReduceProd": "reduce_prod",
    "ReduceL1": "reduce_l1_norm",
    "ReduceL2": "reduce_l2_norm",
    "ReduceLogSum": "reduce_log_sum",
    "ReduceLogSumExp": "reduce_log_sum_exp",
    "ReduceSumSquare": "reduce_sum_square",
}
_THROUGH_FLOATS = frozenset({"ReduceL2", "ReduceLogSum", "ReduceLogSumExp"})
_ATTRIBUTE_FORM = tuple(name for name in _MIL if name != "ReduceSum")
_NOTE = "axes are constants"


@onnx_op("ReduceSum", *_ATTRIBUTE_FORM)
def reduce_attribute(b: Builder, x: Var, *, axes: Sequence[int] | None, keepdims: int, op_type: str) -> Var:
    """The axes are an attribute; none means all."""
    return _reduce(b, x, axes, bool(keepdims), False, op_type)


@onnx_op("ReduceSum", since=13, note=_NOTE)
@onnx_op(*_ATTRIBUTE_FORM, since=18, note=_NOTE)
def reduce_input(
    b: Builder, x: Var, axes: Var | None = None, *, keepdims: int, noop_with_empty_axes: int, op_type: str
) -> Var:
    """The axes are an input; none means all, or none at all with `noop_with_empty_axes`."""
    wanted = None if axes is None else constant_ints(axes, "axes")
    return _reduce(b, x, wanted, bool(keepdims), bool(noop_with_empty_axes), op_type)


def _reduce(b: Builder, x: Var, axes: Sequence[int] | None, keepdims: bool, noop: bool, op_type: str) -> Var:
    rank = rank_of(x)
    every = [] if noop else list(range(rank))
    chosen = sorted({resolve_axis(axis, rank) for axis in axes}) if axes else every
    if 0 in x.shape:
        raise Refusal("it reduces an empty tensor, and Core ML has none")
    if dtype_of(x) == "bool":
        return b.cast(_reduced(b, b.cast(x, "int32"), chosen, keepdims, op_type), bool)
    if is_float(x):
        return _reduced(b, x, chosen, keepdims, op_type)
    return wrapped(b, _of_integers(b, x, chosen, keepdims, op_type))


def _reduced(b: Builder, x: Var, axes: Sequence[int], keepdims: bool, op_type: str) -> Var:
    if not axes:
        return _of_each(b, x, op_type)
    return b.emit(_MIL[op_type], x=x, axes=list(axes), keep_dims=keepdims)


def _of_integers(b: Builder, x: Var, axes: Sequence[int], keepdims: bool, op_type: str) -> Var:
    """Means are truncated toward zero, as by C's division."""
    if op_type in _THROUGH_FLOATS:
        with b.exactly():
            return b.cast(_reduced(b, b.cast(x, "float32"), axes, keepdims, op_type), "int32")
    if op_type != "ReduceMean" or not axes:
        return _reduced(b, x, axes, keepdims, op_type)
    count = 1
    for axis in axes:
        count *= shape_of(x)[axis]
    return truncated_quotient(b, _reduced(b, x, axes, keepdims, "ReduceSum"), count)


def _of_each(b: Builder, x: Var, op_type: str) -> Var:
    """Every element reduced by itself."""
    if op_type in ("ReduceL1", "ReduceL2"):
        return unary(b, "abs", x)
    if op_type == "ReduceSumSquare":
        return binary(b, "mul", x, x)
    if op_type == "ReduceLogSum":
        return unary(b, "log", x, epsilon=b.like(0, x))
    return x
