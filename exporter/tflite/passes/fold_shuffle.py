"""Channel shuffles go into the weights behind them."""

from collections import Counter
from itertools import groupby

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.passes.channel_origins import Channel, Moves, Origin, channel_moves
from portproof.exporter.tflite.passes.channel_readers import reorder, takes_any_order
from portproof.exporter.tflite.passes.graph import remove_dead
from portproof.exporter.tflite.values import DOMAIN, constant, shape_of

_MOST_PIECES = 16
"""Beyond which cutting a tensor up costs more than moving it."""
Piece = tuple[ir.Value, int, int]
"""A value, and the first and the number of its channels."""


class FoldShuffle(ir.passes.InPlacePass):
    """Reads channels in the order in which they lie, and puts the weights into that order.

    Given (groups of two; ``p`` was concatenated and shuffled by the unit before)::

        CONV_2D(SPLIT(SHUFFLE(CONCATENATION(p, q)))[1], w)

    Result::

        CONV_2D(CONCATENATION(SLICE(q, ...), SLICE(what p was made of, ...)), w with its columns reordered)

    A channel shuffle of a ShuffleNet unit leaves the later half of each operand to the next convolution. As
    the order within a convolution's input is free, what it reads is a run of channels of each tensor before it: no
    TRANSPOSE, and a third of the bytes moved. Sums are taken in another order: results differ by rounding.
    """

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """Rewrites whatever reads shuffled channels, where that leaves shuffles without readers."""
        moves = channel_moves(model.graph)
        readers = {v: origin for v, origin in moves.origins.items() if origin.shuffles and _is_read(v, moves)}
        folded = _foldable(readers, moves)
        todo = {value: origin for value, origin in readers.items() if origin.shuffles <= folded}
        for value, origin in todo.items():
            _rewrite(model.graph, value, origin, moves)
        if todo:
            remove_dead(model.graph)
        return ir.passes.PassResult(model, bool(todo))


def _is_read(value: ir.Value, moves: Moves) -> bool:
    """Whether anything but moves of channels reads `value`."""
    return value.is_graph_output() or any(use.node not in moves.nodes for use in value.uses())


def _foldable(readers: dict[ir.Value, Origin], moves: Moves) -> set[ir.Node]:
    """The shuffles whose readers can all be rewritten."""
    shuffles = {node for origin in readers.values() for node in origin.shuffles}
    refused = {value for value, origin in readers.items() if not _can_rewrite(value, origin, moves)}
    while True:
        lost = {node for value in refused for node in readers[value].shuffles}
        more = {value for value, origin in readers.items() if origin.shuffles & lost}
        if more <= refused:
            return shuffles - lost
        refused |= more


def _can_rewrite(value: ir.Value, origin: Origin, moves: Moves) -> bool:
    return len(_pieces(_sorted(origin))) <= _MOST_PIECES and takes_any_order(value, skip=moves.nodes)


def _sorted(origin: Origin) -> list[tuple[int, Channel]]:
    """The channels source by source, those of which there are most first, each with its place in the value."""
    counts = Counter(source for source, _ in origin.channels)
    rank = {source: at for at, (source, _) in enumerate(counts.most_common())}
    numbered = enumerate(origin.channels)
    return sorted(numbered, key=lambda item: (rank[item[1][0]], item[1][1], item[0]))


def _pieces(channels: list[tuple[int, Channel]]) -> list[Piece]:
    """Runs of neighbouring channels of one source."""
    runs = groupby(enumerate(channels), key=lambda item: (id(item[1][1][0]), item[1][1][1] - item[0]))
    pieces = []
    for _, run in runs:
        items = [channel for _, (_, channel) in run]
        pieces.append((items[0][0], items[0][1], len(items)))
    return pieces


def _rewrite(graph: ir.Graph, value: ir.Value, origin: Origin, moves: Moves) -> None:
    """Lets the readers of `value` that are no moves read its pieces."""
    channels = _sorted(origin)
    new = _joined(graph, value, _pieces(channels))
    reorder(value, [place for place, _ in channels], skip=moves.nodes)
    for use in list(value.uses()):
        if use.node not in moves.nodes:
            use.node.replace_input_with(use.idx, new)


def _joined(graph: ir.Graph, value: ir.Value, pieces: list[Piece]) -> ir.Value:
    """One value of all pieces, computed right behind what computed `value`."""
    nodes: list[ir.Node] = []
    parts = [_cut(nodes, *piece) for piece in pieces]
    if len(parts) > 1:
        result = ir.Value(shape=value.shape, type=value.type)
        options: dict[str, int | str] = {"axis": len(shape_of(value)) - 1, "fused_activation_function": "NONE"}
        nodes.append(
            ir.Node(
                DOMAIN,
                "CONCATENATION",
                parts,
                [ir.convenience.convert_attribute(name, given) for name, given in options.items()],
                outputs=[result],
            )
        )
        parts = [result]
    producer = value.producer()
    if producer is not None:
        for node in nodes:
            node.metadata_props.update(producer.metadata_props)
        graph.insert_after(producer, nodes)
    return parts[0]


def _cut(nodes: list[ir.Node], source: ir.Value, start: int, count: int) -> ir.Value:
    shape = shape_of(source)
    if count == shape[-1]:
        return source
    begin = constant(np.array([0] * (len(shape) - 1) + [start], np.int32))
    size = constant(np.array([*shape[:-1], count], np.int32))
    part = ir.Value(shape=ir.Shape([*shape[:-1], count]), type=source.type)
    nodes.append(ir.Node(DOMAIN, "SLICE", [source, begin, size], outputs=[part]))
    return part
