"""Operators of one tensor, element by element."""

from typing import Any

import numpy as np

from portproof.exporter.coreai.builder import Builder
from portproof.exporter.coreai.registry import onnx_op
from portproof.exporter.coreai.tensors import Tensor
from portproof.exporter.lowering.refusal import Refusal

_SAME = {
    "Abs": "abs_",
    "Acos": "acos",
    "Acosh": "acosh",
    "Asin": "asin",
    "Asinh": "asinh",
    "Atan": "atan",
    "Atanh": "atanh",
    "Cos": "cos",
    "Cosh": "cosh",
    "Erf": "erf",
    "Exp": "exp",
    "Log": "log",
    "Not": "not_",
    "Relu": "relu",
    "Round": "round_",
    "Sigmoid": "sigmoid",
    "Sin": "sin",
    "Sinh": "sinh",
    "Sqrt": "sqrt",
    "Tan": "tan",
    "Tanh": "tanh",
}
_WHOLE = {"float16": 2.0**10, "float32": 2.0**23, "float64": 2.0**52}
"""From where on every float is a whole number."""


@onnx_op(*_SAME, since=6)
def same(b: Builder, x: Tensor, *, op_type: str) -> Tensor:
    """The operator has its own in Core AI."""
    return b.emit(_SAME[op_type], x)


@onnx_op("Identity", since=1)
def identity(b: Builder, x: Tensor) -> Tensor:
    """The same value."""
    return x


@onnx_op("Dropout", since=7, note="inference only")
def dropout(
    b: Builder,
    x: Tensor,
    share: Tensor | None = None,
    training: Tensor | None = None,
    *,
    ratio: float | None = None,
    seed: int | None = None,
) -> Tensor:
    """Nothing, outside of training."""
    if training is not None and (training.array is None or training.array.any()):
        raise Refusal("it draws random numbers in training mode", "export the model in eval mode")
    return x


@onnx_op("Neg", since=6)
def neg(b: Builder, x: Tensor) -> Tensor:
    """-x."""
    return b.emit("broadcasting_mul", x, b.like(-1, x))


@onnx_op("Reciprocal", since=6)
def reciprocal(b: Builder, x: Tensor) -> Tensor:
    """1 / x."""
    return b.emit("broadcasting_divide", b.like(1, x), x)


@onnx_op("Floor", since=6)
def floor(b: Builder, x: Tensor) -> Tensor:
    """Core AI divides by 1 and rounds down, which makes infinity NaN: what is large is whole already."""
    small = b.emit("broadcasting_greater", b.like(_WHOLE[x.dtype.name], x), b.emit("abs_", x))
    whole = b.emit("broadcasting_floor_divide", x, b.like(1, x))
    return b.emit("broadcasting_where", small, whole, x)


@onnx_op("Ceil", since=6)
def ceil(b: Builder, x: Tensor) -> Tensor:
    """-floor(-x)."""
    return neg(b, floor(b, neg(b, x)))


@onnx_op("Sign", since=9)
def sign(b: Builder, x: Tensor) -> Tensor:
    """-1, 0 or 1; NaN stays NaN."""
    above = b.cast(b.emit("broadcasting_greater", x, b.like(0, x)), x.dtype)
    below = b.cast(b.emit("broadcasting_greater", b.like(0, x), x), x.dtype)
    y = b.emit("broadcasting_sub", above, below)
    return b.emit("broadcasting_where", b.emit("broadcasting_equal", x, x), y, x) if x.is_float else y


@onnx_op("Cast", since=6, note="whole numbers to narrower ones are refused: Core AI saturates where ONNX wraps")
def cast(b: Builder, x: Tensor, *, to: int, saturate: int | None = None, round_mode: str | None = None) -> Tensor:
    """To a type of numpy's."""
    import onnx_ir as ir

    wanted = np.dtype(ir.DataType(to).numpy())
    if wanted.kind not in "fiub":
        raise Refusal(f"the type {wanted} is not written")
    if wanted.kind == "b" and x.dtype.kind != "b":
        return b.emit("broadcasting_not_equal", x, b.like(0, x))
    if x.dtype.kind in "iu" and wanted.kind in "iu" and not _holds(wanted, x.dtype):
        raise Refusal(f"{x.dtype} to {wanted}: Core AI saturates where ONNX wraps", "compute in the narrow type")
    return b.cast(x, wanted)


def _holds(wanted: np.dtype[Any], given: np.dtype[Any]) -> bool:
    """Whether it is wide enough; the whole numbers of a model that fit int64 and not int32 are no use as indices."""
    return np.can_cast(given, wanted) or (given.name, wanted.name) == ("int64", "int32")
