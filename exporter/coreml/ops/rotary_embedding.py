"""RotaryEmbedding: pairs of features turned by an angle that depends on the position."""

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary
from portproof.exporter.coreml.make.indices import wrap_along
from portproof.exporter.coreml.make.late import Of, is_number, reshaped_like
from portproof.exporter.coreml.make.movement import box, concat, expand_dims, gather
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, dtype_of, is_float, rank_of
from portproof.exporter.lowering.refusal import Refusal


@onnx_op("RotaryEmbedding", since=23, note="float32, float16")
def rotary_embedding(
    b: Builder,
    x: Var,
    cos_cache: Var,
    sin_cache: Var,
    position_ids: Var | None = None,
    *,
    interleaved: int,
    num_heads: int | None,
    rotary_embedding_dim: int,
) -> Var:
    """X [batch, heads, length, size] or [batch, length, heads * size]; caches of half the turned size."""
    if not is_float(x):
        raise Refusal(f"it computes in {dtype_of(x)}", "use float32")
    wide = _by_heads(b, x, num_heads)
    size = int(wide.shape[3])
    turned_size = rotary_embedding_dim or size
    if turned_size > size or turned_size % 2:
        raise Refusal(f"rotary_embedding_dim {turned_size} of heads of size {size}")
    heads_axis = 1 if rank_of(x) == 4 else 2
    cos, sin = (expand_dims(b, _cache(b, cache, position_ids), [heads_axis]) for cache in (cos_cache, sin_cache))
    part = box(b, wide, 3, 0, turned_size)
    turned = _neighbours(b, part, cos, sin) if interleaved else _halves(b, part, cos, sin)
    y = concat(b, [turned, box(b, wide, 3, turned_size, size - turned_size)], 3) if turned_size < size else turned
    return y if rank_of(x) == 4 else reshaped_like(b, y, [Of(axis=0), Of(axis=1), int(x.shape[2])])


def _by_heads(b: Builder, x: Var, heads: int | None) -> Var:
    """[batch, heads, length, size] as it is, [batch, length, heads * size] as [batch, length, heads, size]."""
    if rank_of(x) == 4:
        return x
    if not heads or not is_number(x.shape[2]) or x.shape[2] % heads:
        raise Refusal(f"an input of shape {tuple(x.shape)} with {heads or 0} heads", "set num_heads")
    return reshaped_like(b, x, [Of(axis=0), Of(axis=1), heads, int(x.shape[2]) // heads])


def _cache(b: Builder, cache: Var, positions: Var | None) -> Var:
    """[batch, length, half]; with `positions` [batch, length] rows of a cache [longest, half]."""
    return cache if positions is None else gather(b, cache, wrap_along(b, positions, cache, 0), 0)


def _halves(b: Builder, x: Var, cos: Var, sin: Var) -> Var:
    half = int(x.shape[3]) // 2
    first, second = box(b, x, 3, 0, half), box(b, x, 3, half, half)
    return concat(b, [*_turned(b, first, second, cos, sin)], 3)


def _neighbours(b: Builder, x: Var, cos: Var, sin: Var) -> Var:
    """Every other feature; the results by turns again."""
    masks = [True] * 3 + [False]

    def every_other(start: int) -> Var:
        return b.emit(
            "slice_by_index",
            x=x,
            begin=[0, 0, 0, start],
            end=[0] * 4,
            stride=[1, 1, 1, 2],
            begin_mask=masks,
            end_mask=[True] * 4,
        )

    pairs = [expand_dims(b, y, [4]) for y in _turned(b, every_other(0), every_other(1), cos, sin)]
    joined = concat(b, pairs, 4)
    return reshaped_like(b, joined, [Of(axis=0), Of(axis=1), Of(axis=2), int(x.shape[3])])


def _turned(b: Builder, first: Var, second: Var, cos: Var, sin: Var) -> tuple[Var, Var]:
    return (
        binary(b, "sub", binary(b, "mul", first, cos), binary(b, "mul", second, sin)),
        binary(b, "add", binary(b, "mul", first, sin), binary(b, "mul", second, cos)),
    )
