"""Attention: MIL's scaled_dot_product_attention since iOS18, else scores, softmax and weighted values."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary, select
from portproof.exporter.coreml.make.attention_mask import Mask, Window, both, given, rows_seeing, up_to, windowed
from portproof.exporter.coreml.make.late import Of, is_number, reshaped_like, size_of
from portproof.exporter.coreml.make.movement import concat, reshape, transpose
from portproof.exporter.coreml.make.parameter import has_output
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, dtype_of, is_float, rank_of, shape_of
from portproof.exporter.lowering.refusal import Refusal, UnknownShape

_HEADS, _LENGTH, _SIZE = 1, 2, 3
_SCORES, _CAPPED, _BIASED, _WEIGHTS = range(4)
"""What `qk_matmul_output_mode` asks for, as of ONNX 1.23; 1.20 had the middle two the other way round."""
_SETTLED = 25
"""The first opset that both call by the same meaning: the older texts were changed in place."""


@dataclass(frozen=True, kw_only=True)
class _Heads:
    """[batch, heads, length, size] each; queries have a multiple of the heads of keys and values."""

    q: Var
    k: Var
    v: Var

    @property
    def grouped(self) -> int:
        """How many heads of queries share one of keys."""
        return int(self.q.shape[_HEADS]) // int(self.k.shape[_HEADS])


@onnx_op("Attention", since=23, note="before opset 25 no qk_matmul_output of a mode whose meaning ONNX changed")
def attention(
    b: Builder,
    q: Var,
    k: Var,
    v: Var,
    attn_mask: Var | None = None,
    past_key: Var | None = None,
    past_value: Var | None = None,
    nonpad_kv_seqlen: Var | None = None,
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
) -> Sequence[Var | None]:
    """Q [batch, heads, queries, size] and K, V alike, or [batch, length, heads * size] with the numbers of heads."""
    if not is_float(q):
        raise Refusal(f"it computes in {dtype_of(q)}", "use float32")
    queries, new_keys, new_values = (
        _by_heads(b, x, count) for x, count in ((q, q_num_heads), (k, kv_num_heads), (v, kv_num_heads))
    )
    heads = _Heads(q=queries, k=_after(b, past_key, new_keys), v=_after(b, past_value, new_values))
    _check(heads)
    window = Window(
        offset=_offset(b, queries, past_key, nonpad_kv_seqlen),
        left=_bound(left_window_size),
        right=0 if is_causal else _bound(right_window_size),
    )
    mask = given(b, attn_mask, heads.k.shape[_LENGTH], q)
    filled = None if nonpad_kv_seqlen is None else up_to(b, nonpad_kv_seqlen, shape_of(heads.k)[_LENGTH])
    seen = both(b, windowed(b, window, queries, heads.k), filled)
    mask = Mask(allowed=both(b, mask.allowed, seen), bias=mask.bias)
    wanted = qk_matmul_output_mode if has_output(b, 3) else None
    if b.opset < _SETTLED:
        _refuse_ambiguous(wanted, mask, softcap)
    factor = 1 / math.sqrt(int(queries.shape[_SIZE])) if scale is None else scale
    joined = mask.joined(b)
    if b.has("iOS18") and not softcap and wanted is None and (heads.grouped == 1 or joined is None):
        y, shown = _fused(b, heads, joined, scale), None
    else:
        y, shown = _composed(b, heads, joined, factor, softcap, wanted)
    return [_as_given(b, y, rank_of(q)), heads.k, heads.v, shown]


def _by_heads(b: Builder, x: Var, count: int | None) -> Var:
    """[batch, heads, length, size]."""
    if rank_of(x) == 4:
        return x
    if rank_of(x) != 3 or not count or not is_number(x.shape[2]) or x.shape[2] % count:
        raise Refusal(f"an input of shape {tuple(x.shape)} with {count} heads")
    split = reshaped_like(b, x, [Of(axis=0), Of(axis=1), count, int(x.shape[2]) // count])
    return transpose(b, split, (0, 2, 1, 3))


def _after(b: Builder, past: Var | None, x: Var) -> Var:
    return x if past is None else concat(b, [past, x], _LENGTH)


def _check(heads: _Heads) -> None:
    if not all(is_number(x.shape[axis]) for x in (heads.q, heads.k, heads.v) for axis in (_HEADS, _SIZE)):
        raise UnknownShape("the number of heads or their size is not known before run time", "reshape to numbers")
    counts = [int(x.shape[_HEADS]) for x in (heads.q, heads.k, heads.v)]
    if counts[1] != counts[2] or counts[0] % counts[1]:
        raise Refusal(f"{counts[0]} heads of queries share {counts[1]} of keys and {counts[2]} of values")


def _offset(b: Builder, q: Var, past: Var | None, count: Var | None) -> Var | int:
    """How many keys stand in front of the first query; by batch where a cache outside is filled to `count`."""
    if past is not None and count is not None:
        raise Refusal("past_key and nonpad_kv_seqlen together, which ONNX excludes")
    if count is not None:
        return binary(b, "sub", count, shape_of(q)[_LENGTH])
    if past is None:
        return 0
    size = size_of(b, past, _LENGTH)
    return int(size) if is_number(size) else size


def _bound(size: int | None) -> int | None:
    return None if size is None or size < 0 else size


def _refuse_ambiguous(wanted: int | None, mask: Mask, softcap: float) -> None:
    masked = mask.allowed is not None or mask.bias is not None
    if (wanted == _CAPPED and (masked or softcap)) or (wanted == _BIASED and masked and softcap):
        raise Refusal(
            f"qk_matmul_output_mode {wanted} means one thing up to ONNX 1.20 and another from 1.23 on",
            "use mode 0 or 3, or compute the scores with MatMul",
        )


def _fused(b: Builder, heads: _Heads, mask: Var | None, scale: float | None) -> Var:
    """One operator, whose scale is 1 / sqrt(size): another one is in the queries."""
    size = int(heads.k.shape[_SIZE])
    own = 1 / math.sqrt(size)
    q = heads.q if scale is None or math.isclose(scale, own, rel_tol=1e-6) else binary(b, "mul", heads.q, scale / own)
    batch, count, length, _ = heads.q.shape
    shared = heads.grouped > 1
    if shared:
        q = reshape(b, q, (batch, count // heads.grouped, heads.grouped * length, size))
    y = b.emit("scaled_dot_product_attention", query=q, key=heads.k, value=heads.v, attn_mask=_of_rank(b, mask, q))
    if shared:
        y = reshape(b, y, (batch, count, length, int(heads.v.shape[_SIZE])))
    seen = rows_seeing(b, mask)
    return y if seen is None else select(b, seen, y, 0)


def _of_rank(b: Builder, mask: Var | None, q: Var) -> Var | None:
    """MIL's mask has two axes at least."""
    if mask is None or rank_of(mask) >= 2:
        return mask
    return reshape(b, mask, (1, *shape_of(mask)) if rank_of(mask) else (1, 1))


def _composed(
    b: Builder, heads: _Heads, mask: Var | None, factor: float, softcap: float, wanted: int | None
) -> tuple[Var, Var | None]:
    """softmax(cap(Q K' factor) + mask) V, and the step on the way that is wanted."""
    q = heads.q if factor == 1 else binary(b, "mul", heads.q, factor)
    scores = _grouped(b, q, heads.k, heads.grouped, transposed=True)
    capped = scores
    if softcap > 0:
        capped = binary(b, "mul", b.emit("tanh", x=binary(b, "mul", scores, 1 / softcap)), softcap)
    biased = capped
    if mask is not None:
        boolean = dtype_of(mask) == "bool"
        biased = select(b, mask, capped, -np.inf) if boolean else binary(b, "add", capped, mask)
    weights = b.emit("softmax", x=biased, axis=-1)
    seen = rows_seeing(b, mask)
    weights = weights if seen is None else select(b, seen, weights, 0)
    y = _grouped(b, weights, heads.v, heads.grouped, transposed=False)
    return y, None if wanted is None else (scores, capped, biased, weights)[wanted]


def _grouped(b: Builder, x: Var, y: Var, grouped: int, *, transposed: bool) -> Var:
    """A product for each head; the queries of the heads that share keys are rows of one matrix."""
    if grouped == 1:
        return b.emit("matmul", x=x, y=y, transpose_x=False, transpose_y=transposed)
    batch, heads, rows, size = shape_of(x)
    merged = reshape(b, x, (batch, heads // grouped, grouped * rows, size))
    product = b.emit("matmul", x=merged, y=y, transpose_x=False, transpose_y=transposed)
    return reshape(b, product, (batch, heads, rows, int(product.shape[-1])))


def _as_given(b: Builder, y: Var, rank: int) -> Var:
    if rank == 4:
        return y
    hidden = int(y.shape[1]) * int(y.shape[3])
    return reshaped_like(b, transpose(b, y, (0, 2, 1, 3)), [Of(axis=0), Of(axis=1), hidden])
