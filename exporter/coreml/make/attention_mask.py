"""Which keys a query may attend to, and what is added to its scores: folded to a constant as far as it is one."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary, select
from portproof.exporter.coreml.make.late import is_number, size_of
from portproof.exporter.coreml.make.movement import expand_dims, reshape
from portproof.exporter.coreml.ops.pad import pad
from portproof.exporter.coreml.values import Var, array_of, dtype_of, is_float, rank_of, shape_of
from portproof.exporter.lowering.refusal import Refusal


@dataclass(frozen=True, kw_only=True)
class Mask:
    """What acts on the scores [batch, heads, queries, keys], broadcasting.

    Attributes:
        allowed: bool; None where every key is.
        bias: a float, added; None for nothing.
    """

    allowed: Var | None = None
    bias: Var | None = None

    def joined(self, b: Builder) -> Var | None:
        """Both as one: truth values where nothing is added, else a bias of minus infinity where a key is not seen."""
        if self.bias is None or self.allowed is None:
            return self.allowed if self.bias is None else self.bias
        chosen, added = array_of(self.allowed), array_of(self.bias)
        if chosen is not None and added is not None:
            return b.const(np.where(chosen, added, -np.inf).astype(added.dtype))
        return select(b, self.allowed, self.bias, -np.inf)


def given(b: Builder, mask: Var | None, keys: Any, like: Var) -> Mask:
    """The mask that the model gives, of any rank to 4; keys behind its end are not allowed.

    Raises:
        Refusal: a last axis of 1 for more keys, which is either to be repeated or too short.
    """
    if mask is None:
        return Mask()
    have = (mask.shape or (1,))[-1]
    missing = int(keys) - int(have) if is_number(keys) and is_number(have) else 0
    if missing and have == 1:
        raise Refusal(f"attn_mask has a last axis of 1 for {keys} keys", "expand it to the number of keys")
    ends = [(0, 0)] * (rank_of(mask) - 1) + [(0, max(missing, 0))]
    if dtype_of(mask) == "bool":
        return Mask(allowed=pad(b, mask, ends, "constant", None) if missing > 0 else mask)
    bias = b.cast(mask, dtype_of(like)) if is_float(like) else mask
    return Mask(bias=pad(b, bias, ends, "constant", b.const(-np.inf, dtype_of(bias))) if missing > 0 else bias)


@dataclass(frozen=True, kw_only=True)
class Window:
    """Keys that a query sees by its place: query i sees key j if i + offset - left <= j <= i + offset + right.

    Attributes:
        offset: keys in front of the first query: int32, a scalar or [batch]; a number where that is known.
        left: None for no bound.
        right: None for no bound; 0 is causal attention.
    """

    offset: Var | int = 0
    left: int | None = None
    right: int | None = None


def windowed(b: Builder, window: Window, queries: Var, keys: Var, axis: int = 2) -> Var | None:
    """Bool [queries, keys], or [batch, 1, queries, keys] for an offset by batch; None if every key is seen.

    Args:
        b: the builder.
        window: what is seen.
        queries: its size along `axis` is their number.
        keys: the same.
        axis: of the lengths.
    """
    if window.left is None and window.right is None:
        return None
    offset = window.offset
    if is_number(queries.shape[axis]) and is_number(keys.shape[axis]):
        places = np.arange(int(queries.shape[axis]))[:, None] - np.arange(int(keys.shape[axis]))
        held = np.asarray(offset) if is_number(offset) else array_of(offset)
        if held is not None:
            away = places + held.reshape(-1, *(1,) * 3 if held.ndim else ())
            near = True if window.left is None else away <= window.left
            return b.const(np.logical_and(near, True if window.right is None else away >= -window.right))
        distance = b.const(places, np.int32)
    else:
        rows, columns = (_places(b, x, axis) for x in (queries, keys))
        distance = binary(b, "sub", expand_dims(b, rows, [1]), expand_dims(b, columns, [0]))
    if not is_number(offset) and rank_of(offset):
        distance, offset = expand_dims(b, distance, [0, 1]), reshape(b, offset, (*shape_of(offset), 1, 1, 1))
    away = binary(b, "add", distance, offset)
    near = None if window.left is None else binary(b, "less_equal", away, window.left)
    far = None if window.right is None else binary(b, "greater_equal", away, -window.right)
    return both(b, near, far)


def _places(b: Builder, x: Var, axis: int) -> Var:
    return b.emit("range_1d", start=np.int32(0), end=size_of(b, x, axis), step=np.int32(1))


def up_to(b: Builder, count: Var, keys: int) -> Var:
    """Bool [batch, 1, 1, keys]: the first `count` (an integer for each batch) of them."""
    places = np.arange(keys).reshape(1, 1, 1, keys)
    array = array_of(count)
    if array is not None:
        return b.const(np.asarray(places < array.reshape(-1, 1, 1, 1)))
    return binary(b, "greater", reshape(b, count, (*shape_of(count), 1, 1, 1)), b.const(places, np.int32))


def both(b: Builder, x: Var | None, y: Var | None) -> Var | None:
    """Whether `x` and `y` hold; None holds always."""
    if x is None or y is None:
        return y if x is None else x
    left, right = array_of(x), array_of(y)
    if left is not None and right is not None:
        return b.const(left & right)
    return binary(b, "logical_and", x, y)


def rows_seeing(b: Builder, mask: Var | None) -> Var | None:
    """Bool [..., queries, 1]: which queries may attend to a key; None if all may. ONNX wants zeros for the others."""
    if mask is None or not rank_of(mask):
        return None
    array = array_of(mask)
    if array is not None:
        seen = array.any(-1, keepdims=True) if array.dtype == bool else array.max(-1, keepdims=True) > -np.inf
        return None if np.all(seen) else b.const(np.asarray(seen))
    numbers = b.cast(mask, np.int32) if dtype_of(mask) == "bool" else mask
    largest = b.emit("reduce_max", x=numbers, axes=[-1], keep_dims=True)
    return binary(b, "greater", largest, 0 if dtype_of(mask) == "bool" else -np.inf)
