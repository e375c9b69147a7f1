"""Operators of two and more tensors that are broadcast."""

from functools import reduce

import numpy as np

from portproof.exporter.coreai.builder import Builder
from portproof.exporter.coreai.registry import onnx_op
from portproof.exporter.coreai.tensors import Tensor
from portproof.exporter.lowering.refusal import Refusal

_SAME = {
    "Add": "broadcasting_add",
    "Sub": "broadcasting_sub",
    "Mul": "broadcasting_mul",
    "Div": "broadcasting_divide",
    "And": "broadcasting_and",
    "Or": "broadcasting_or",
    "Xor": "broadcasting_xor",
    "Equal": "broadcasting_equal",
    "Greater": "broadcasting_greater",
}
_SEVERAL = {
    "Max": "broadcasting_maximum",
    "Min": "broadcasting_minimum",
    "Sum": "broadcasting_add",
    "Mean": "broadcasting_add",
}


@onnx_op(*_SAME, since=7)
def same(b: Builder, x: Tensor, y: Tensor, *, op_type: str) -> Tensor:
    """The operator has its own in Core AI."""
    return b.emit(_SAME[op_type], x, y)


@onnx_op("Less", since=7)
def less(b: Builder, x: Tensor, y: Tensor) -> Tensor:
    """Y > x."""
    return b.emit("broadcasting_greater", y, x)


@onnx_op("GreaterOrEqual", since=12)
def greater_or_equal(b: Builder, x: Tensor, y: Tensor) -> Tensor:
    """X > y or x == y, which NaN is not."""
    return b.emit("broadcasting_or", b.emit("broadcasting_greater", x, y), b.emit("broadcasting_equal", x, y))


@onnx_op("LessOrEqual", since=12)
def less_or_equal(b: Builder, x: Tensor, y: Tensor) -> Tensor:
    """Y >= x."""
    return greater_or_equal(b, y, x)


@onnx_op("Where", since=9)
def where(b: Builder, condition: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """X where the condition holds, else y."""
    return b.emit("broadcasting_where", condition, x, y)


@onnx_op("Pow", since=7, note="floats")
def power(b: Builder, x: Tensor, y: Tensor) -> Tensor:
    """X to the power of y, in the type of x."""
    if not x.is_float:
        raise Refusal(f"powers of {x.dtype} are not written", "compute them in float32")
    return b.emit("broadcasting_pow", x, b.cast(y, x.dtype))


@onnx_op("Mod", since=10, note="with fmod=1")
def modulo(b: Builder, x: Tensor, y: Tensor, *, fmod: int) -> Tensor:
    """With the sign of x."""
    if not fmod and np.dtype(x.dtype).kind != "u":
        raise Refusal("a remainder with the sign of the divisor is not written", "use fmod=1 where none is negative")
    return b.emit("broadcasting_modulo", x, y)


@onnx_op(*_SEVERAL, since=8)
def several(b: Builder, *tensors: Tensor, op_type: str) -> Tensor:
    """Any number of tensors."""
    result = reduce(lambda x, y: b.emit(_SEVERAL[op_type], x, y), tensors)
    if op_type == "Mean":
        return b.emit("broadcasting_divide", result, b.like(len(tensors), result))
    return result
