"""RotaryEmbedding: pairs of features turned by an angle that depends on the position."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast, unary
from portproof.exporter.tflite.make.floats import as_float32
from portproof.exporter.tflite.make.movement import concat, gather, reshape, slice_
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, constant, dtype_of, rank_of, shape_of


@onnx_op("RotaryEmbedding", since=23, note="float32, float16")
def rotary_embedding(
    b: Builder,
    x: ir.Value,
    cos_cache: ir.Value,
    sin_cache: ir.Value,
    position_ids: ir.Value | None = None,
    *,
    interleaved: int,
    num_heads: int | None,
    rotary_embedding_dim: int,
) -> ir.Value:
    """X [batch, heads, length, size] or [batch, length, heads * size]; caches of half the turned size.

    With c and s the caches as long as x, y = x c + turned(x) s, where `turned` swaps each pair and s has the signs:
    one product for both members of a pair.
    """
    wide = _by_heads(b, as_float32(b, x, "RotaryEmbedding"), num_heads)
    *rest, size = shape_of(wide)
    turned_size = rotary_embedding_dim or size
    if turned_size > size or turned_size % 2:
        raise Refusal(f"rotary_embedding_dim {turned_size} of heads of size {size}")
    caches = [_cache(b, as_float32(b, cache, "RotaryEmbedding"), position_ids) for cache in (cos_cache, sin_cache)]
    heads_axis = 1 if rank_of(x) == 4 else 2
    cos = _with_axis(b, _doubled(b, caches[0], caches[0], bool(interleaved)), heads_axis)
    sin = _with_axis(b, _doubled(b, _negative(b, caches[1]), caches[1], bool(interleaved)), heads_axis)
    part = slice_(b, wide, [0] * 4, (*rest, turned_size))
    swapped = _swapped(b, part, bool(interleaved))
    y = binary(b, "ADD", binary(b, "MUL", part, cos), binary(b, "MUL", swapped, sin))
    if turned_size < size:
        y = concat(b, [y, slice_(b, wide, [0, 0, 0, turned_size], (*rest, size - turned_size))], 3)
    return cast(b, reshape(b, y, shape_of(x)), dtype_of(x))


def _by_heads(b: Builder, x: ir.Value, heads: int | None) -> ir.Value:
    """[batch, heads, length, size] as it is, [batch, length, heads * size] as [batch, length, heads, size]."""
    if rank_of(x) == 4:
        return x
    batch, length, hidden = shape_of(x)
    if not heads or hidden % heads:
        raise Refusal(f"an input of shape {shape_of(x)} with {heads or 0} heads", "set num_heads")
    return reshape(b, x, (batch, length, heads, hidden // heads))


def _cache(b: Builder, cache: ir.Value, positions: ir.Value | None) -> ir.Value:
    """[batch, length, half]; with `positions` [batch, length] rows of a cache [longest, half]."""
    if positions is None:
        return cache
    rows, table = array_of(positions), array_of(cache)
    if rows is not None and table is not None:
        return constant(np.ascontiguousarray(table[rows]))
    return gather(b, cache, positions, 0)


def _negative(b: Builder, x: ir.Value) -> ir.Value:
    array = array_of(x)
    return unary(b, "NEG", x) if array is None else constant(-array)


def _doubled(b: Builder, first: ir.Value, second: ir.Value, interleaved: bool) -> ir.Value:
    """Both after one another on the last axis, or by turns."""
    if not interleaved:
        return concat(b, [first, second], 2)
    *rest, half = shape_of(first)
    pairs = concat(b, [reshape(b, item, (*rest, half, 1)) for item in (first, second)], 3)
    return reshape(b, pairs, (*rest, 2 * half))


def _with_axis(b: Builder, cache: ir.Value, axis: int) -> ir.Value:
    shape = list(shape_of(cache))
    return reshape(b, cache, (*shape[:axis], 1, *shape[axis:]))


def _swapped(b: Builder, x: ir.Value, interleaved: bool) -> ir.Value:
    """The other member of each pair: of halves, or of neighbours."""
    *rest, size = shape_of(x)
    pairs = reshape(b, x, (*rest, size // 2, 2) if interleaved else (*rest, 2, size // 2))
    axis = 4 if interleaved else 3
    part = [1 if at == axis else count for at, count in enumerate(shape_of(pairs))]
    first = slice_(b, pairs, [0] * 5, part)
    second = slice_(b, pairs, [int(at == axis) for at in range(5)], part)
    return reshape(b, concat(b, [second, first], axis), shape_of(x))
