"""TensorScatter: new entries written into a cache, at a place of its own for each sequence of the batch."""

import math

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.axes import resolve_axis
from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast
from portproof.exporter.tflite.make.carrier import carried
from portproof.exporter.tflite.make.known import calc, choose, clip
from portproof.exporter.tflite.make.movement import concat, gather, reshape, transpose
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import dtype_of, rank_of, shape_of

TYPES = frozenset({"float32", "int8", "int32", "int64", "uint8", "bool"})
"""Those that GATHER, SELECT_V2 and DYNAMIC_UPDATE_SLICE share."""


@onnx_op("TensorScatter", since=24, note="not float64, uint64")
def tensor_scatter(
    b: Builder,
    past_cache: ir.Value,
    update: ir.Value,
    write_indices: ir.Value | None = None,
    *,
    axis: int,
    mode: str,
) -> ir.Value:
    """`circular` goes on at the start where the cache ends; one sequence is a DYNAMIC_UPDATE_SLICE."""
    along, batch = resolve_axis(axis, rank_of(past_cache)), shape_of(past_cache)[0]
    if along == 0 or mode not in ("linear", "circular"):
        raise Refusal(f"axis {axis} with mode {mode}")
    starts = b.const(np.zeros(batch, np.int32)) if write_indices is None else cast(b, write_indices, np.int32)
    past, new = (carried(b, value, TYPES, "TensorScatter") for value in (past_cache, update))
    if batch == 1 and mode == "linear":
        return cast(b, _update(b, past, new, starts, along), dtype_of(past_cache))
    order = [0, along, *(other for other in range(1, rank_of(past)) if other != along)]
    past, new = transpose(b, past, order), transpose(b, new, order)
    result = transpose(b, _written(b, past, new, starts, mode), [order.index(other) for other in range(len(order))])
    return cast(b, result, dtype_of(past_cache))


def _update(b: Builder, past: ir.Value, new: ir.Value, start: ir.Value, axis: int) -> ir.Value:
    zeros = [b.const(np.zeros(count, np.int32)) for count in (axis, rank_of(past) - axis - 1)]
    places = concat(b, [zeros[0], start, zeros[1]], 0)
    return b.emit("DYNAMIC_UPDATE_SLICE", [past, new, places], shape=shape_of(past), dtype=dtype_of(past))


def _written(b: Builder, past: ir.Value, new: ir.Value, starts: ir.Value, mode: str) -> ir.Value:
    """past: [B, S, ...], new: [B, T, ...]; each entry of the cache looks for the one that was written over it."""
    (batch, size), count = shape_of(past)[:2], shape_of(new)[1]
    rest = math.prod(shape_of(past)[2:])
    source = calc(b, "SUB", b.const(np.arange(size)[None], np.int32), reshape(b, starts, (batch, 1)))
    if mode == "circular":
        source = calc(b, "FLOOR_MOD", source, size)
    inside = clip(b, source, 0, count - 1)
    rows = calc(b, "ADD", inside, b.const(np.arange(batch)[:, None] * count, np.int32))
    fresh = gather(b, reshape(b, new, (batch * count, rest)), rows, 0)
    written = reshape(b, calc(b, "EQUAL", inside, source), (batch, size, 1))
    return reshape(b, choose(b, written, fresh, reshape(b, past, (batch, size, rest))), shape_of(past))
