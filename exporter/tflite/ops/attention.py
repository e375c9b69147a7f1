"""Attention: scores, softmax, weighted values, as products of matrices."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast, unary
from portproof.exporter.tflite.make.attention_mask import (
    Mask,
    Window,
    both,
    given,
    rows_seeing,
    up_to,
    windowed,
    with_infinity,
)
from portproof.exporter.tflite.make.floats import as_float32
from portproof.exporter.tflite.make.matmul import batch_matmul
from portproof.exporter.tflite.make.movement import concat, reshape, transpose
from portproof.exporter.tflite.make.parameter import has_output
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, constant, dtype_of, rank_of, shape_of

_BATCH, _HEADS, _LENGTH, _SIZE = range(4)
_SCORES, _CAPPED, _BIASED, _WEIGHTS = range(4)
"""What `qk_matmul_output_mode` asks for, as of ONNX 1.23; 1.20 had the middle two the other way round."""
_SETTLED = 25
"""The first opset that both call by the same meaning: the older texts were changed in place."""


@dataclass(frozen=True, kw_only=True)
class _Weights:
    """The steps from scores to weights, all float32 [batch, heads, queries, keys].

    Attributes:
        stages: the four that `qk_matmul_output_mode` counts.
        seeing: see `rows_seeing`; the weights have it in them already where they are given out.
    """

    stages: tuple[ir.Value, ir.Value, ir.Value, ir.Value]
    seeing: ir.Value | None


@onnx_op("Attention", since=23, note="before opset 25 no qk_matmul_output of a mode whose meaning ONNX changed")
def attention(
    b: Builder,
    q: ir.Value,
    k: ir.Value,
    v: ir.Value,
    attn_mask: ir.Value | None = None,
    past_key: ir.Value | None = None,
    past_value: ir.Value | None = None,
    nonpad_kv_seqlen: ir.Value | None = None,
    *,
    is_causal: int,
    kv_num_heads: int | None,
    q_num_heads: int | None,
    qk_matmul_output_mode: int,
    scale: float | None,
    softcap: float,
    softmax_precision: int | None,
    left_window_size: int | None,
    right_window_size: int | None,
) -> Sequence[ir.Value | None]:
    """Q [batch, heads, queries, size] and K, V alike, or [batch, length, heads * size] with the numbers of heads.

    Grouped heads share keys and values without repeating them. The softmax is computed in float32, whatever is asked.
    """
    heads = _by_heads(b, q, q_num_heads), _by_heads(b, k, kv_num_heads), _by_heads(b, v, kv_num_heads)
    keys, values = _after(b, past_key, heads[1]), _after(b, past_value, heads[2])
    _check(heads[0], keys, values)
    length = shape_of(keys)[_LENGTH]
    offset = _offset(b, heads[0], past_key, nonpad_kv_seqlen)
    window = Window(
        queries=shape_of(heads[0])[_LENGTH],
        keys=length,
        offset=offset,
        left=_bound(left_window_size),
        right=0 if is_causal else _bound(right_window_size),
    )
    mask = given(b, attn_mask, length)
    seen = both(b, windowed(b, window), None if nonpad_kv_seqlen is None else up_to(b, nonpad_kv_seqlen, length))
    mask = Mask(allowed=both(b, mask.allowed, seen), bias=mask.bias)
    wanted = qk_matmul_output_mode if has_output(b, 3) else None
    if b.opset < _SETTLED:
        _refuse_ambiguous(wanted, mask, softcap)
    factor = 1 / math.sqrt(shape_of(heads[0])[_SIZE]) if scale is None else scale
    scores = _scores(b, heads[0], keys, factor)
    found = _weigh(b, scores, mask, softcap, wanted)
    y = _weighted(b, found, values, wanted)
    y = cast(b, _as_given(b, y, rank_of(q)), dtype_of(q))
    shown = None if wanted is None else found.stages[wanted]
    return [y, keys, values, None if shown is None else cast(b, shown, dtype_of(q))]


def _by_heads(b: Builder, x: ir.Value, count: int | None) -> ir.Value:
    """[batch, heads, length, size]."""
    if rank_of(x) == 4:
        return x
    if rank_of(x) != 3 or not count or shape_of(x)[2] % count:
        raise Refusal(f"an input of shape {shape_of(x)} with {count} heads")
    batch, length, hidden = shape_of(x)
    return transpose(b, reshape(b, x, (batch, length, count, hidden // count)), (0, 2, 1, 3))


def _after(b: Builder, past: ir.Value | None, x: ir.Value) -> ir.Value:
    return x if past is None else concat(b, [past, x], _LENGTH)


def _check(q: ir.Value, k: ir.Value, v: ir.Value) -> None:
    counts = [shape_of(x)[_HEADS] for x in (q, k, v)]
    if counts[1] != counts[2] or counts[0] % counts[1]:
        raise Refusal(f"{counts[0]} heads of queries share {counts[1]} of keys and {counts[2]} of values")


def _offset(b: Builder, q: ir.Value, past: ir.Value | None, count: ir.Value | None) -> int | ir.Value:
    """How many keys stand in front of the first query; by batch where a cache outside is filled to `count`."""
    if past is not None and count is not None:
        raise Refusal("past_key and nonpad_kv_seqlen together, which ONNX excludes")
    if count is None:
        return 0 if past is None else shape_of(past)[_LENGTH]
    array, queries = array_of(count), shape_of(q)[_LENGTH]
    if array is not None:
        return b.const(array - queries, np.int32)
    return binary(b, "SUB", cast(b, count, np.int32), queries)


def _bound(size: int | None) -> int | None:
    return None if size is None or size < 0 else size


def _refuse_ambiguous(wanted: int | None, mask: Mask, softcap: float) -> None:
    masked = mask.allowed is not None or mask.bias is not None
    if (wanted == _CAPPED and (masked or softcap)) or (wanted == _BIASED and masked and softcap):
        raise Refusal(
            f"qk_matmul_output_mode {wanted} means one thing up to ONNX 1.20 and another from 1.23 on",
            "use mode 0 or 3, or compute the scores with MatMul",
        )


def _scores(b: Builder, q: ir.Value, k: ir.Value, factor: float) -> ir.Value:
    """Q K' factor; the queries of the heads that share keys are rows of one matrix."""
    left, right = as_float32(b, q, "Attention"), as_float32(b, k, "Attention")
    scaled = left if factor == 1 else _times(b, left, factor)
    return _grouped(b, scaled, right, adj_y=True)


def _times(b: Builder, x: ir.Value, factor: float) -> ir.Value:
    array = array_of(x)
    return binary(b, "MUL", x, factor) if array is None else constant(array * np.float32(factor))


def _grouped(b: Builder, x: ir.Value, y: ir.Value, *, adj_y: bool) -> ir.Value:
    batch, heads, rows, size = shape_of(x)
    shared = shape_of(y)[_HEADS]
    product = batch_matmul(b, reshape(b, x, (batch, shared, heads // shared * rows, size)), y, adj_y=adj_y)
    return reshape(b, product, (batch, heads, rows, shape_of(product)[-1]))


def _weigh(b: Builder, scores: ir.Value, mask: Mask, softcap: float, wanted: int | None) -> _Weights:
    capped = scores
    if softcap > 0:
        capped = binary(b, "MUL", unary(b, "TANH", binary(b, "MUL", scores, 1 / softcap)), softcap)
    added = mask.additive(b)
    biased = capped if added is None else binary(b, "ADD", capped, added)
    weights = unary(b, "SOFTMAX", biased, beta=1.0)
    if wanted == _BIASED and added is not None:
        biased = with_infinity(b, biased)
    seeing = rows_seeing(b, added)
    if wanted == _WEIGHTS and seeing is not None:
        weights = binary(b, "MUL", weights, seeing)
    return _Weights(stages=(scores, capped, biased, weights), seeing=seeing)


def _weighted(b: Builder, found: _Weights, values: ir.Value, wanted: int | None) -> ir.Value:
    y = _grouped(b, found.stages[_WEIGHTS], as_float32(b, values, "Attention"), adj_y=False)
    return y if found.seeing is None or wanted == _WEIGHTS else binary(b, "MUL", y, found.seeing)


def _as_given(b: Builder, y: ir.Value, rank: int) -> ir.Value:
    if rank == 4:
        return y
    batch, heads, length, size = shape_of(y)
    return reshape(b, transpose(b, y, (0, 2, 1, 3)), (batch, length, heads * size))
