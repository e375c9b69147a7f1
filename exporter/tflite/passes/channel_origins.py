"""Where each channel of a value comes from, when all that was done to it is to move channels."""

import math
from dataclasses import dataclass, field

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.passes.graph import only_use, producer_of
from portproof.exporter.tflite.values import array_of, attribute, ints_of, is_run_time, rank_of, shape_of

Channel = tuple[ir.Value, int]
"""A value and an index on its last axis."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where the entries of a value's last axis come from.

    Attributes:
        channels: for each entry the value that computed it, and its index there.
        shuffles: the TRANSPOSE nodes on the way, each the middle of a channel shuffle.
    """

    channels: tuple[Channel, ...]
    shuffles: frozenset[ir.Node] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Moves:
    """What only moves channels: CONCATENATION, SPLIT and SLICE on the last axis, and channel shuffles.

    Attributes:
        origins: of every value that such operators make of channels of others.
        nodes: the operators, those inside a shuffle too.
    """

    origins: dict[ir.Value, Origin] = field(default_factory=dict)
    nodes: set[ir.Node] = field(default_factory=set)


def channel_moves(graph: ir.Graph) -> Moves:
    """All of `graph`, in one walk."""
    moves = Moves()
    for node in graph:
        found = _moved(node, moves.origins)
        if found:
            moves.origins.update(zip(node.outputs, found, strict=True))
            moves.nodes.update(_inside(node))
    return moves


def _inside(node: ir.Node) -> list[ir.Node]:
    """`node`, and where it ends a shuffle what is in front of it."""
    if node.op_type != "RESHAPE":
        return [node]
    inner = [node]
    for _ in range(2):
        value = inner[-1].inputs[0]
        producer = value.producer() if value is not None else None
        inner += [producer] if producer is not None else []
    return inner


def _moved(node: ir.Node, found: dict[ir.Value, Origin]) -> list[Origin]:
    """The origins of the outputs of `node`; nothing when it does not only move channels."""
    if node.op_type == "CONCATENATION":
        return _concatenated(node, found)
    if node.op_type == "SPLIT":
        return _split(node, found)
    if node.op_type == "SLICE":
        return _sliced(node, found)
    return _shuffled(node, found) if node.op_type == "RESHAPE" else []


def _origin(value: ir.Value, found: dict[ir.Value, Origin]) -> Origin:
    known = found.get(value)
    return known or Origin(channels=tuple((value, index) for index in range(shape_of(value)[-1])))


def _concatenated(node: ir.Node, found: dict[ir.Value, Origin]) -> list[Origin]:
    values = [value for value in node.inputs if value is not None and is_run_time(value) and rank_of(value)]
    plain = attribute(node, "fused_activation_function", "NONE") == "NONE"
    if len(values) != len(node.inputs) or not plain or attribute(node, "axis") != rank_of(node.outputs[0]) - 1:
        return []
    parts = [_origin(value, found) for value in values]
    channels = tuple(channel for part in parts for channel in part.channels)
    return [Origin(channels=channels, shuffles=frozenset().union(*(part.shuffles for part in parts)))]


def _split(node: ir.Node, found: dict[ir.Value, Origin]) -> list[Origin]:
    axis, data = node.inputs
    if data is None or not is_run_time(data) or axis is None or array_of(axis) is None:
        return []
    if ints_of(axis)[0] % rank_of(data) != rank_of(data) - 1:
        return []
    whole, size = _origin(data, found), shape_of(node.outputs[0])[-1]
    starts = range(0, size * len(node.outputs), size)
    return [Origin(channels=whole.channels[at : at + size], shuffles=whole.shuffles) for at in starts]


def _sliced(node: ir.Node, found: dict[ir.Value, Origin]) -> list[Origin]:
    data, begin = node.inputs[0], node.inputs[1]
    if data is None or not is_run_time(data) or begin is None or array_of(begin) is None or not rank_of(data):
        return []
    size = shape_of(node.outputs[0])
    if size[:-1] != shape_of(data)[:-1]:
        return []
    whole, start = _origin(data, found), ints_of(begin)[-1]
    return [Origin(channels=whole.channels[start : start + size[-1]], shuffles=whole.shuffles)]


def _shuffled(node: ir.Node, found: dict[ir.Value, Origin]) -> list[Origin]:
    """RESHAPE [..., c] to [..., g, c/g], TRANSPOSE of the last two axes, and `node`, which joins them again."""
    transpose = producer_of(node.inputs[0], "TRANSPOSE")
    first = producer_of(transpose.inputs[0], "RESHAPE") if transpose is not None else None
    if transpose is None or first is None or only_use(transpose.outputs[0]) is not node:
        return []
    source, order = first.inputs[0], transpose.inputs[1]
    if source is None or not is_run_time(source) or order is None or array_of(order) is None:
        return []
    middle, shape = shape_of(first.outputs[0]), shape_of(node.outputs[0])
    last_two_swapped = [*range(len(middle) - 2), len(middle) - 1, len(middle) - 2]
    if shape != shape_of(source) or only_use(first.outputs[0]) is not transpose or ints_of(order) != last_two_swapped:
        return []
    if not shape or math.prod(middle[-2:]) != shape[-1]:
        return []
    whole = _origin(source, found)
    moved = np.arange(shape[-1]).reshape(middle[-2:]).T.reshape(-1)
    return [Origin(channels=tuple(whole.channels[at] for at in moved), shuffles=whole.shuffles | {transpose})]
