"""Entries of an axis by constant indices, as moves where they are moves."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.movement import gather, reshape, slice_, transpose
from portproof.exporter.tflite.make.progressions import Moves, as_moves
from portproof.exporter.tflite.values import Array, dtype_of, rank_of, shape_of

_MOST_AXES = 6
"""Of TRANSPOSE."""
_TRANSPOSE_TYPES = frozenset({"float32", "int8", "uint8", "int16", "int32", "int64", "bool"})


def taken(b: Builder, x: ir.Value, index: Array, axis: int) -> ir.Value:
    """Entries of `x` along a non-negative `axis`; indices are non-negative and inside.

    A box is a SLICE, which has every type; blocks and windows side by side are a TRANSPOSE, which more delegates have
    than GATHER.
    """
    moves = as_moves(index)
    if moves is None or not _can_move(x, moves):
        return gather(b, x, index, axis)
    shape = shape_of(x)
    return reshape(b, _moved(b, x, axis, moves), (*shape[:axis], *index.shape, *shape[axis + 1 :]))


def is_moves(x: ir.Value, index: Array) -> bool:
    """Whether `taken` needs no GATHER."""
    moves = as_moves(index)
    return moves is not None and _can_move(x, moves)


def _can_move(x: ir.Value, moves: Moves) -> bool:
    if list(moves.order) == sorted(moves.order):
        return True
    return rank_of(x) + len(moves.sizes) - 1 <= _MOST_AXES and dtype_of(x).name in _TRANSPOSE_TYPES


def _moved(b: Builder, x: ir.Value, axis: int, moves: Moves) -> ir.Value:
    """The entries that `moves` take, in their order, on as many axes as there are loops."""
    shape, loops = shape_of(x), len(moves.sizes)
    begin = np.zeros(len(shape), np.int64)
    begin[axis] = moves.start
    part = slice_(b, x, begin.tolist(), (*shape[:axis], moves.count, *shape[axis + 1 :]))
    apart = reshape(b, part, (*shape[:axis], *moves.sizes, *shape[axis + 1 :]))
    inner = [axis + at for at in moves.order]
    return transpose(b, apart, (*range(axis), *inner, *range(axis + loops, len(shape) + loops - 1)))
