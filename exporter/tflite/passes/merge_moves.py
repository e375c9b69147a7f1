"""Chains of transposes and reshapes become one transpose."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.passes.graph import NodePass, only_use
from portproof.exporter.tflite.passes.reshapes import insert_like, reshape_node, reshaped
from portproof.exporter.tflite.values import DOMAIN, array_of, constant, ints_of, is_run_time, shape_of

_MOST_AXES = 6
"""That TRANSPOSE takes, in its kernel and in XNNPACK."""


@dataclass(eq=False)
class _Piece:
    """A factor of an axis that has been moved as a whole so far; once split, it stands for its two parts."""

    size: int
    parts: list["_Piece"] = field(default_factory=list)

    def leaves(self) -> Iterator["_Piece"]:
        """The pieces that it has been split into, or itself."""
        if not self.parts:
            yield self
        for part in self.parts:
            yield from part.leaves()


_Axes = list[list[_Piece]]


class MergeMoves(NodePass):
    """Moves the pieces of axes to where the whole chain puts them, at once.

    Given::

        TRANSPOSE(RESHAPE(TRANSPOSE(RESHAPE(x[1,4,4,8], ...), ...), ...), ...)

    Result::

        RESHAPE(TRANSPOSE(RESHAPE(x, [2,2,2,2,8]), [1,3,0,2,4]), [4,4,8])

    where the pieces next to one another before and after count as one axis. Nobody else may read what is between.
    """

    ops = frozenset({"TRANSPOSE"})

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Replaces a chain of at least two transposes that ends in `node`."""
        chain = _chain(node)
        source = chain[0].inputs[0]
        if sum(item.op_type == "TRANSPOSE" for item in chain) < 2 or source is None:
            return False
        order = _order(chain)
        if order is None or len(order[0]) > _MOST_AXES or node.outputs[0].is_graph_output():
            return False
        new = _emit(graph, node, source, *order)
        ir.convenience.replace_all_uses_with(node.outputs[0], new)
        for item in reversed(chain):
            graph.remove(item, safe=True)
        return True


def _chain(node: ir.Node) -> list[ir.Node]:
    """`node` and the moves in front of it that it alone reads, in order of execution."""
    chain = [node]
    while True:
        value = chain[-1].inputs[0]
        producer = value.producer() if value is not None else None
        if value is None or producer is None or not _is_move(producer) or only_use(value) is not chain[-1]:
            return chain[::-1]
        chain.append(producer)


def _is_move(node: ir.Node) -> bool:
    data, parameter = (*node.inputs, None, None)[:2]
    return node.op_type in ("RESHAPE", "TRANSPOSE") and is_run_time(data) and array_of(parameter) is not None


def _order(chain: Sequence[ir.Node]) -> tuple[list[int], list[int]] | None:
    """The sizes of the pieces as the chain finds them, and the order it leaves them in; None if it cuts across."""
    source = chain[0].inputs[0]
    pieces = [_Piece(size) for size in (shape_of(source) if source is not None else ())]
    axes: _Axes = [[piece] for piece in pieces]
    for node in chain:
        parameter = node.inputs[1]
        if node.op_type == "TRANSPOSE" and parameter is not None:
            axes = [axes[axis] for axis in ints_of(parameter)]
            continue
        found = _regroup(axes, shape_of(node.outputs[0]))
        if found is None:
            return None
        axes = found
    before = [leaf for piece in pieces for leaf in piece.leaves() if leaf.size != 1]
    after = [leaf for axis in axes for piece in axis for leaf in piece.leaves() if leaf.size != 1]
    place = {id(leaf): index for index, leaf in enumerate(before)}
    return _joined([leaf.size for leaf in before], [place[id(leaf)] for leaf in after])


def _regroup(axes: _Axes, shape: Sequence[int]) -> _Axes | None:
    """The same pieces as the axes of `shape`, split where a new axis ends inside one."""
    if 0 in shape:
        return None
    left = [leaf for axis in axes for piece in axis for leaf in piece.leaves() if leaf.size != 1]
    left.reverse()
    result: _Axes = []
    for size in shape:
        axis, missing = list[_Piece](), size
        while missing > 1:
            piece = left.pop()
            if piece.size > missing and piece.size % missing == 0:
                piece.parts = [_Piece(missing), _Piece(piece.size // missing)]
                piece, rest = piece.parts
                left.append(rest)
            if missing % piece.size:
                return None
            axis.append(piece)
            missing //= piece.size
        result.append(axis)
    return result


def _joined(sizes: list[int], order: list[int]) -> tuple[list[int], list[int]]:
    """Pieces that follow one another on both sides as one."""
    runs: list[list[int]] = []
    for index in order:
        if runs and runs[-1][-1] + 1 == index:
            runs[-1].append(index)
        else:
            runs.append([index])
    starts = sorted(run[0] for run in runs)
    by_start = {run[0]: math.prod(sizes[index] for index in run) for run in runs}
    return [by_start[start] for start in starts], [starts.index(run[0]) for run in runs]


def _emit(graph: ir.Graph, node: ir.Node, source: ir.Value, sizes: list[int], order: list[int]) -> ir.Value:
    """RESHAPE, TRANSPOSE unless nothing moves, RESHAPE, in front of `node`."""
    value = source
    if order != sorted(order):
        spread = reshaped(source, sizes)
        insert_like(graph, node, reshape_node(value, sizes, spread), node)
        value = reshaped(source, [sizes[axis] for axis in order])
        insert_like(graph, node, ir.Node(DOMAIN, "TRANSPOSE", [spread, _ints(order)], outputs=[value]), node)
    shape = list(shape_of(node.outputs[0]))
    result = reshaped(source, shape)
    insert_like(graph, node, reshape_node(value, shape, result), node)
    return result


def _ints(numbers: Sequence[int]) -> ir.Value:
    return constant(np.array(numbers, np.int32))
