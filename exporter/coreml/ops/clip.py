"""Clip."""

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary, unary
from portproof.exporter.coreml.registry import onnx_op, saturates
from portproof.exporter.coreml.values import Var, array_of, dtype_of, is_float


@onnx_op("Clip")
def clip_attributes(b: Builder, x: Var, *, min: float | None, max: float | None) -> Var:  # noqa: A002
    """Up to opset 10 the bounds are attributes."""
    low, high = (None if bound is None else b.const(bound, dtype_of(x)) for bound in (min, max))
    return clip(b, x, low, high)


@onnx_op("Clip", since=11)
@saturates
def clip(b: Builder, x: Var, low: Var | None = None, high: Var | None = None) -> Var:
    """min(high, max(low, x)), so the upper bound wins; each bound is a scalar and may be missing."""
    low, high = _bound(x, low, lowest=True), _bound(x, high, lowest=False)
    found = _fused(b, x, _number(low), _number(high)) if is_float(x) else None
    if found is not None:
        return found
    for op, bound in (("maximum", low), ("minimum", high)):
        if bound is not None:
            x = binary(b, op, x, _scalar(b, bound))
    return x


def _fused(b: Builder, x: Var, low: float | None, high: float | None) -> Var | None:
    """One operator for constant bounds; MIL's clip wants the lower one below the upper one since iOS17."""
    if low == 0 and high == np.inf:
        return unary(b, "relu", x)
    if low == 0 and high == 6:
        return unary(b, "relu6", x)
    if low is not None and high is not None and -np.inf < low < high < np.inf:
        return unary(b, "clip", x, alpha=b.like(low, x), beta=b.like(high, x))
    return None


def _bound(x: Var, bound: Var | None, *, lowest: bool) -> Var | None:
    """None for a constant that bounds nothing: infinity, or the end of the type (the default of old opsets)."""
    array = array_of(bound)
    if array is None:
        return bound
    ends = np.finfo(dtype_of(x)) if is_float(x) else np.iinfo(dtype_of(x))
    return None if np.all(array <= ends.min if lowest else array >= ends.max) else bound


def _number(bound: Var | None) -> float | None:
    """A constant bound; infinity stands for a missing upper one, None for one that is computed."""
    if bound is None:
        return np.inf
    array = array_of(bound)
    return None if array is None else float(array.reshape(-1)[0])


def _scalar(b: Builder, bound: Var) -> Var | np.generic:
    array = array_of(bound)
    if array is not None:
        return array.reshape(-1)[0]
    return b.emit("squeeze", x=bound) if bound.shape else bound
