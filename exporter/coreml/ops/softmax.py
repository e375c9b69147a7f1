"""Softmax, LogSoftmax and Hardmax."""

import math

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary, unary
from portproof.exporter.coreml.make.extremes import place_of_extreme, places_along
from portproof.exporter.coreml.make.movement import reshape
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, dtype_of, rank_of, shape_of
from portproof.exporter.lowering.axes import resolve_axis
from portproof.exporter.lowering.refusal import Refusal


@onnx_op("Softmax", "LogSoftmax", "Hardmax")
def softmax_1(b: Builder, x: Var, *, axis: int, op_type: str) -> Var:
    """Up to opset 12 the axes from `axis` on are taken as one."""
    rank = rank_of(x)
    axis = resolve_axis(axis, rank) if axis < 0 else axis
    if axis > rank:
        raise Refusal(f"axis {axis} of a tensor of rank {rank}")
    if axis == rank - 1:
        return softmax(b, x, axis=axis, op_type=op_type)
    shape = shape_of(x)
    flat = reshape(b, x, (math.prod(shape[:axis]), math.prod(shape[axis:])))
    return reshape(b, softmax(b, flat, axis=1, op_type=op_type), shape)


@onnx_op("Softmax", "LogSoftmax", "Hardmax", since=13)
def softmax(b: Builder, x: Var, *, axis: int, op_type: str) -> Var:
    """Along any axis."""
    if rank_of(x) == 0:
        return b.emit("squeeze", x=softmax(b, reshape(b, x, (1,)), axis=0, op_type=op_type), axes=[0])
    along = resolve_axis(axis, rank_of(x))
    if op_type == "Softmax":
        return unary(b, "softmax", x, axis=along)
    if op_type == "LogSoftmax":
        return binary(b, "sub", x, b.emit("reduce_log_sum_exp", x=x, axes=[along], keep_dims=True))
    first = place_of_extreme(b, x, along, largest=True, last=False, keep_dims=True)
    return b.cast(binary(b, "equal", first, places_along(x, along)), dtype_of(x))
