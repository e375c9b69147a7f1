"""Gather along one axis."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast
from portproof.exporter.tflite.make.carrier import carried
from portproof.exporter.tflite.make.indices import wrap
from portproof.exporter.tflite.make.movement import gather, reshape, slice_, transpose
from portproof.exporter.tflite.make.parameter import resolve_axis
from portproof.exporter.tflite.make.progressions import Moves, as_moves
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, constant, dtype_of, rank_of, shape_of

_MOST_AXES = 6
"""Of TRANSPOSE."""
_TRANSPOSE_TYPES = frozenset({"float32", "int8", "uint8", "int16", "int32", "int64", "bool"})
GATHER_TYPES = frozenset({"float32", "float16", "int8", "int16", "int32", "int64", "uint8", "bool"})


@onnx_op("Gather", note="not float64, uint64, unless the indices are constant neighbours")
def gather_(b: Builder, x: ir.Value, indices: ir.Value, *, axis: int) -> ir.Value:
    """Negative indices count from the end; constant ones that only move neighbours are a SLICE and a TRANSPOSE."""
    shape = shape_of(x)
    along = resolve_axis(axis, len(shape))
    wanted = wrap(b, indices, shape[along])
    out = (*shape[:along], *shape_of(indices), *shape[along + 1 :])
    index, data = array_of(wanted), array_of(x)
    if index is not None and data is not None:
        return constant(np.ascontiguousarray(np.take(data, index, along)))
    moves = as_moves(index) if index is not None else None
    if moves is not None and _can_move(x, moves):
        return reshape(b, _moved(b, x, along, moves), out)
    return cast(b, gather(b, carried(b, x, GATHER_TYPES, "Gather"), wanted, along), dtype_of(x))


def _can_move(x: ir.Value, moves: Moves) -> bool:
    """A box of any type is cut out; TRANSPOSE has fewer."""
    if list(moves.order) == sorted(moves.order):
        return True
    return rank_of(x) + len(moves.sizes) - 1 <= _MOST_AXES and dtype_of(x).name in _TRANSPOSE_TYPES


def _moved(b: Builder, x: ir.Value, axis: int, moves: Moves) -> ir.Value:
    """The entries that `moves` take, in their order, on as many axes as there are loops."""
    shape, loops = shape_of(x), len(moves.sizes)
    begin = [moves.start if at == axis else 0 for at in range(len(shape))]
    part = slice_(b, x, begin, (*shape[:axis], moves.count, *shape[axis + 1 :]))
    apart = reshape(b, part, (*shape[:axis], *moves.sizes, *shape[axis + 1 :]))
    inner = [axis + at for at in moves.order]
    return transpose(b, apart, (*range(axis), *inner, *range(axis + loops, len(shape) + loops - 1)))
