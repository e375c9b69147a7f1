"""Which keys a query may attend to, and what is added to its scores: folded to a constant as far as it is one."""

from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast, reduce, select
from portproof.exporter.tflite.make.floats import as_float32
from portproof.exporter.tflite.make.movement import pad, reshape
from portproof.exporter.tflite.values import Array, array_of, constant, dtype_of, rank_of, shape_of

LOWEST = float(np.finfo(np.float32).min)
"""Stands for minus infinity in front of a softmax: a row of it alone gives no NaN."""
_BARELY = 3e38


@dataclass(frozen=True, kw_only=True)
class Window:
    """Keys that a query sees by its place: query i sees key j if i + offset - left <= j <= i + offset + right.

    Attributes:
        queries: how many.
        keys: how many.
        offset: keys in front of the first query: a number, or int32 [batch].
        left: None for no bound.
        right: None for no bound; 0 is causal attention.
    """

    queries: int
    keys: int
    offset: int | ir.Value = 0
    left: int | None = None
    right: int | None = None


@dataclass(frozen=True, kw_only=True)
class Mask:
    """What acts on the scores [batch, heads, queries, keys], broadcasting.

    Attributes:
        allowed: bool; None where every key is.
        bias: float32, added; None for nothing.
    """

    allowed: ir.Value | None = None
    bias: ir.Value | None = None

    def additive(self, b: Builder) -> ir.Value | None:
        """The sum to be added, with `LOWEST` where a key may not be seen and for a bias of minus infinity."""
        held, chosen = array_of(self.bias), array_of(self.allowed)
        bias = self.bias
        if held is not None:
            held = np.maximum(held, np.float32(LOWEST))
            bias = constant(held)
        elif bias is not None:
            bias = binary(b, "MAXIMUM", bias, LOWEST)
        if self.allowed is None:
            return bias
        if chosen is not None and (bias is None or held is not None):
            return b.const(np.where(chosen, 0 if held is None else held, LOWEST), np.float32)
        zero, low = b.const(0, np.float32), b.const(LOWEST, np.float32)
        return select(b, self.allowed, zero if bias is None else bias, low)


def given(b: Builder, mask: ir.Value | None, keys: int) -> Mask:
    """The mask that the model gives, of any rank to 4; keys behind its end are not allowed.

    Raises:
        Refusal: a last axis of 1 for more keys, which is either to be repeated or too short.
    """
    if mask is None:
        return Mask()
    missing = keys - (shape_of(mask) or (1,))[-1]
    if missing and missing == keys - 1:
        raise Refusal(f"attn_mask has a last axis of 1 for {keys} keys", "expand it to the number of keys")
    if dtype_of(mask).kind == "b":
        return Mask(allowed=_longer(b, mask, missing, 0))
    bias = as_float32(b, mask, "Attention") if dtype_of(mask).kind == "f" else cast(b, mask, np.float32)
    return Mask(bias=_longer(b, bias, missing, -np.inf))


def _longer(b: Builder, mask: ir.Value, missing: int, value: float) -> ir.Value:
    widths = [(0, 0)] * (rank_of(mask) - 1) + [(0, max(missing, 0))]
    array = array_of(mask)
    if array is not None:
        return constant(np.pad(array, widths, constant_values=value))
    if missing <= 0 or dtype_of(mask).kind != "b":
        return pad(b, mask, widths, value)
    return cast(b, pad(b, cast(b, mask, np.float32), widths), bool)


def windowed(b: Builder, window: Window) -> ir.Value | None:
    """Bool [queries, keys], or [batch, 1, queries, keys] for an offset by batch; None if every key is seen."""
    if window.left is None and window.right is None:
        return None
    places = np.arange(window.queries)[:, None] - np.arange(window.keys)
    offset = array_of(window.offset) if isinstance(window.offset, ir.Value) else np.array(window.offset)
    if offset is not None:
        away = places + offset.reshape(-1, *(1,) * 3 if offset.ndim else ())
        near = True if window.left is None else away <= window.left
        return b.const(np.logical_and(near, True if window.right is None else away >= -window.right))
    return _windowed_at_run_time(b, window, places[None, None])


def _windowed_at_run_time(b: Builder, window: Window, places: Array) -> ir.Value | None:
    if not isinstance(window.offset, ir.Value):
        return None
    offset = reshape(b, window.offset, (*shape_of(window.offset), 1, 1, 1))
    away = binary(b, "ADD", offset, b.const(places, np.int32))
    near = None if window.left is None else binary(b, "LESS_EQUAL", away, window.left)
    far = None if window.right is None else binary(b, "GREATER_EQUAL", away, -window.right)
    return both(b, near, far)


def up_to(b: Builder, count: ir.Value, keys: int) -> ir.Value:
    """Bool [batch, 1, 1, keys]: the first `count` (an integer for each batch) of them."""
    places = np.arange(keys).reshape(1, 1, 1, keys)
    array = array_of(count)
    if array is not None:
        return b.const(places < array.reshape(-1, 1, 1, 1))
    limit = reshape(b, cast(b, count, np.int32), (*shape_of(count), 1, 1, 1))
    return binary(b, "GREATER", limit, b.const(places, np.int32))


def both(b: Builder, x: ir.Value | None, y: ir.Value | None) -> ir.Value | None:
    """Whether `x` and `y` hold; None holds always."""
    if x is None or y is None:
        return y if x is None else x
    left, right = array_of(x), array_of(y)
    if left is not None and right is not None:
        return b.const(left & right)
    return binary(b, "LOGICAL_AND", x, y)


def with_infinity(b: Builder, scores: ir.Value) -> ir.Value:
    """Minus infinity where `additive` has forbidden a key; sums that TFLite's own kernels make never hold it."""
    return select(b, binary(b, "GREATER", scores, -_BARELY), scores, b.const(-np.inf, np.float32))


def rows_seeing(b: Builder, additive: ir.Value | None) -> ir.Value | None:
    """1 for each query that may attend to a key, 0 for one that may not: float32 [..., queries, 1]; None if all may.

    ONNX wants zeros in the rows of the others.
    """
    array = array_of(additive)
    if additive is None or (array is not None and (array.max(axis=-1) > -_BARELY).all()):
        return None
    if array is not None:
        return b.const(_row_factors(array), np.float32)
    largest = reduce(b, "REDUCE_MAX", additive, [rank_of(additive) - 1], keepdims=True)
    return binary(b, "MINIMUM", binary(b, "MAXIMUM", binary(b, "ADD", largest, _BARELY), 0.0), 1.0)


def _row_factors(array: Array) -> Array:
    return np.asarray(array.max(axis=-1, keepdims=True) > -_BARELY)
