"""Graphs of the same model lowered at different sizes, laid side by side, operator by operator."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.generalise.witnesses import Sizes
from portproof.exporter.tflite.values import Array, array_of, bytes_of, dtype_of, is_constant, shape_of

Shape = tuple[int, ...]
Place = tuple[ir.Node, int]
"""An operator and the number of one of its inputs."""


class Mismatch(Exception):  # noqa: N818 - no error of the user's: another form of the graph is tried then
    """The graphs are not the same operators: the first one that differs, and how."""

    def __init__(self, node: ir.Node | None, why: str) -> None:
        super().__init__(why)
        self.node = node
        self.why = why


@dataclass
class Observation:
    """The first graph, and what of it is different in the others.

    Attributes:
        model: lowered at the first sizes.
        sizes: of each witness, the first included.
        bounded: the dimensions that have an upper limit; the last witness is at the limits.
        shapes: of each tensor that is computed, at each witness.
        constants: of each parameter that is not the same everywhere, at each witness.
        attributes: by operator and name, the same of attributes.
    """

    model: ir.Model
    sizes: list[Sizes]
    bounded: Sequence[str] = ()
    shapes: dict[ir.Value, list[Shape]] = field(default_factory=dict)
    constants: dict[Place, list[Array]] = field(default_factory=dict)
    attributes: dict[tuple[ir.Node, str], list[Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, model: ir.Model, sizes: Sizes, bounded: Sequence[str] = ()) -> "Observation":
        """With one witness."""
        made = cls(model, [sizes], bounded)
        for graph in graphs(model.graph):
            made.shapes.update({value: [shape_of(value)] for value in computed(graph)})
        return made

    def add(self, other: ir.Model, sizes: Sizes) -> None:
        """One more witness.

        Raises:
            Mismatch: it has other operators, or they are wired in another way; nothing is changed then.
        """
        found = _Comparison()
        found.compare(self.model.graph, other.graph)
        for value, shape in found.shapes.items():
            self.shapes[value].append(shape)
        for place, (first, array) in found.constants.items():
            if place in self.constants or not _equal(first, array):
                known = self.constants.setdefault(place, [first] * len(self.sizes))
                known.append(first if _equal(first, array) else array)
        for key, (left, right) in found.attributes.items():
            if key in self.attributes or left != right:
                self.attributes.setdefault(key, [left] * len(self.sizes)).append(right)
        self.sizes.append(sizes)

    def dim_of(self, column: Sequence[int]) -> str | None:
        """The dimension whose sizes are `column`."""
        named = (name for name in self.sizes[0] if [at[name] for at in self.sizes] == list(column))
        return next(named, None)

    def varies(self, value: ir.Value) -> tuple[bool, ...]:
        """For each axis of a tensor whether its size depends on the witness."""
        return tuple(len(set(column)) > 1 for column in zip(*self.shapes[value], strict=True))


@dataclass
class _Comparison:
    """What another graph has in the places of the first one: shapes, and both of each pair of parameters."""

    shapes: dict[ir.Value, Shape] = field(default_factory=dict)
    constants: dict[Place, tuple[Array, Array]] = field(default_factory=dict)
    attributes: dict[tuple[ir.Node, str], tuple[Any, Any]] = field(default_factory=dict)

    def compare(self, ours: ir.Graph, theirs: ir.Graph) -> None:
        match = dict(zip(ours.inputs, theirs.inputs, strict=True))
        nodes = list(ours), list(theirs)
        for mine, other in zip(*nodes, strict=False):
            if mine.op_type != other.op_type or len(mine.outputs) != len(other.outputs):
                raise Mismatch(mine, f"another size makes {other.op_type} of it, not {mine.op_type}")
            self._inputs(mine, other, match)
            self._attributes(mine, other)
            match.update(zip(mine.outputs, other.outputs, strict=True))
        if len(nodes[0]) != len(nodes[1]):
            shorter = min(len(nodes[0]), len(nodes[1]))
            extra = max(nodes, key=len)[shorter]
            raise Mismatch(extra, f"one size needs a {extra.op_type} that another does not")
        if [match.get(value) for value in ours.outputs] != list(theirs.outputs):
            raise Mismatch(None, "another size gives out other tensors")
        for value in computed(ours):
            self.shapes[value] = _same_rank(value, shape_of(match[value]))

    def _inputs(self, mine: ir.Node, other: ir.Node, match: dict[ir.Value, ir.Value]) -> None:
        if len(mine.inputs) != len(other.inputs):
            raise Mismatch(mine, "it has another number of inputs at another size")
        for index, (left, right) in enumerate(zip(mine.inputs, other.inputs, strict=True)):
            if left is None or right is None or is_constant(left) != is_constant(right):
                if left is not right:
                    raise Mismatch(mine, f"its input {index} is a constant at one size and computed at another")
            elif is_constant(left):
                self._constant(mine, index, left, right)
            elif match.get(left) is not right:
                raise Mismatch(mine, f"its input {index} comes from another operator at another size")

    def _constant(self, node: ir.Node, index: int, left: ir.Value, right: ir.Value) -> None:
        first, array = array_of(left), array_of(right)
        if first is None or array is None or dtype_of(left) != dtype_of(right):
            raise Mismatch(node, f"its input {index} has another type at another size")
        self.constants[node, index] = first, array

    def _attributes(self, mine: ir.Node, other: ir.Node) -> None:
        if set(mine.attributes) != set(other.attributes):
            raise Mismatch(mine, "it has other options at another size")
        for name, attribute in mine.attributes.items():
            left, right = attribute.value, other.attributes[name].value
            if isinstance(left, ir.Graph) and isinstance(right, ir.Graph):
                self.compare(left, right)
            else:
                self.attributes[mine, name] = left, right


def graphs(graph: ir.Graph) -> Iterator[ir.Graph]:
    """A graph, and those that its operators run."""
    yield graph
    for node in graph:
        for attribute in node.attributes.values():
            if isinstance(attribute.value, ir.Graph):
                yield from graphs(attribute.value)


def computed(graph: ir.Graph) -> list[ir.Value]:
    """The tensors of a graph that are not constants."""
    return [*graph.inputs, *(value for node in graph for value in node.outputs)]


def _same_rank(value: ir.Value, shape: Shape) -> Shape:
    if len(shape) != len(shape_of(value)):
        raise Mismatch(value.producer(), "its output has another rank at another size")
    return shape


def _equal(left: Array, right: Array) -> bool:
    """Bit by bit."""
    if left is right:
        return True
    return left.shape == right.shape and np.array_equal(np.asarray(bytes_of(left)), np.asarray(bytes_of(right)))
