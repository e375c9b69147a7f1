"""TensorScatter: new entries written into a cache, at a place of its own for each sequence of the batch."""

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary
from portproof.exporter.coreml.make.movement import concat, reshape, transpose, without_bool
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, rank_of, shape_of
from portproof.exporter.lowering.axes import resolve_axis
from portproof.exporter.lowering.refusal import Refusal


@onnx_op("TensorScatter", since=24)
def tensor_scatter(
    b: Builder, past_cache: Var, update: Var, write_indices: Var | None = None, *, axis: int, mode: str
) -> Var:
    """`circular` goes on at the start where the cache ends; one sequence is a slice_update since iOS18."""
    along, batch = resolve_axis(axis, rank_of(past_cache)), shape_of(past_cache)[0]
    if along == 0 or mode not in ("linear", "circular"):
        raise Refusal(f"axis {axis} with mode {mode}")
    starts = b.const(np.zeros(batch, np.int32)) if write_indices is None else write_indices
    if batch == 1 and mode == "linear" and b.has("iOS18"):
        return _updated(b, past_cache, update, starts, along)
    order = [0, along, *(other for other in range(1, rank_of(past_cache)) if other != along)]
    written = without_bool(
        b,
        lambda past, new: _written(b, past, new, starts, circular=mode == "circular"),
        transpose(b, past_cache, order),
        transpose(b, update, order),
    )
    return transpose(b, written, [order.index(other) for other in range(len(order))])


def _updated(b: Builder, past: Var, new: Var, start: Var, axis: int) -> Var:
    rank, count = rank_of(past), shape_of(new)[axis]
    others = [position != axis for position in range(rank)]
    before, behind = (b.const(np.zeros(size, np.int32)) for size in (axis, rank - axis - 1))
    begin = concat(b, [before, start, behind], 0)
    end = concat(b, [before, binary(b, "add", start, count), behind], 0)
    return b.emit("slice_update", x=past, update=new, begin=begin, end=end, begin_mask=others, end_mask=others)


def _written(b: Builder, past: Var, new: Var, starts: Var, *, circular: bool) -> Var:
    """past: [B, S, ...], new: [B, T, ...]."""
    (batch, size), count = shape_of(past)[:2], shape_of(new)[1]
    places = binary(b, "add", reshape(b, starts, (batch, 1)), np.arange(count, dtype=np.int32)[None])
    if circular:
        places = binary(b, "mod", places, size)
    sequences = np.broadcast_to(np.arange(batch, dtype=np.int32)[:, None, None], (batch, count, 1))
    points = concat(b, [b.const(np.ascontiguousarray(sequences)), reshape(b, places, (batch, count, 1))], 2)
    return b.emit("scatter_nd", data=past, indices=points, updates=new, mode="update")
