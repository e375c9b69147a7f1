"""The layers of a graph: its products, chains of element-wise operators, and everything that moves data.

What runtimes fuse costs nothing of its own here either: batch normalization and ReLU behind a convolution, scales and
shifts a channel, reshapes. A chain of element-wise operators that only feed each other is one layer: GELU is the same
whether the graph has it whole or in five parts.
"""

from math import prod
from pathlib import Path

from portproof.device_profiles.cost import graph as graphs
from portproof.device_profiles.cost import movement, products
from portproof.device_profiles.cost.graph import Graph, Node
from portproof.device_profiles.cost.work import ELEMENTWISE, FREE, FUSED, GELUS, HARD, PLAIN, SIGMOIDS, SWISHES, Layer


def of_file(path: str | Path) -> tuple[Layer, ...]:
    """The layers of an ONNX file, in the order they run.

    Raises:
        PortproofError: as `graph.read` does.
    """
    return of_graph(graphs.read(path))


def of_graph(graph: Graph) -> tuple[Layer, ...]:
    """The layers of a graph, in the order they run."""
    walk = _Walk(graph)
    for node in graph.nodes:
        walk.visit(node)
    return tuple(layer for found in walk.found if found is not None for layer in found)


class _Walk:
    """One pass over the nodes.

    `tails` are values that a fused operator may continue (what a product computed, as nothing else reads it);
    `chains` the open chains of element-wise operators: by their last value, the position in `found`, operators, inputs;
    `makers` the nodes by the values that they make.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.tails: set[str] = set()
        self.chains: dict[str, tuple[int, frozenset[str], frozenset[str]]] = {}
        self.found: list[list[Layer] | None] = []
        self.makers: dict[str, Node] = {}

    def visit(self, node: Node) -> None:
        self.makers |= dict.fromkeys(node.outputs, node)
        made = products.of_node(node, self.graph)
        if node.op in FREE:
            self._reshape(node)
        elif made is not None:
            self.found.append(made)
            self.tails.add(node.outputs[0])
        elif node.op not in ELEMENTWISE:
            self.found.append([self._plain(node)])
        elif self._joins_product(node):
            self.tails.add(node.outputs[0])
        else:
            self._chain(node)

    def _size(self, name: str) -> int:
        return prod(self.graph.shapes.get(name, ())) if name else 0

    def _alone(self, name: str) -> bool:
        return self.graph.uses.get(name) == 1

    def _data(self, node: Node) -> list[str]:
        return [name for name in node.inputs if name and name not in self.graph.constants]

    def _reshape(self, node: Node) -> None:
        source, target = node.inputs[0], node.outputs[0]
        if self._alone(source) and source in self.tails:
            self.tails.add(target)
        if self._alone(source) and source in self.chains:
            self.chains[target] = self.chains[source]

    def _plain(self, node: Node) -> Layer:
        kind = movement.kind_of(node, self.graph, self.makers.get(node.inputs[0])) or PLAIN.get(node.op, "other")
        read = sum(self._size(name) for name in self._data(node))
        written = sum(self._size(name) for name in node.outputs)
        if kind in {"move", "view"}:  # a slice or a gather reads what it writes, not all there is
            read = min(read, written)
        params = sum(self._size(name) for name in node.inputs if name in self.graph.constants) if kind == "norm" else 0
        return Layer(name=node.name, kind=kind, inputs=read, outputs=written, params=params)

    def _joins_product(self, node: Node) -> bool:
        """ReLU and its kin, and constants no longer than a row of channels, are computed with the product before."""
        data = self._data(node)
        if len(data) != 1 or data[0] not in self.tails or not self._alone(data[0]):
            return False
        if node.op in FUSED:
            return True
        constants = [self._size(name) for name in node.inputs if name in self.graph.constants]
        longest = max(self.graph.shapes[node.outputs[0]], default=1)
        return node.op in {"Add", "Sub", "Mul", "Div"} and max(constants, default=0) <= longest

    def _chain(self, node: Node) -> None:
        target, data = node.outputs[0], self._data(node)
        size = self._size(target)
        ops, inputs = frozenset({node.op}), frozenset(data)
        for name in data:
            if name in self.chains and self._alone(name) and self._size(name) == size:
                position, earlier, outside = self.chains[name]
                self.found[position] = None
                ops, inputs = ops | earlier, (inputs - {name}) | outside
        self.chains[target] = (len(self.found), ops, inputs)
        read = sum(self._size(name) for name in inputs)
        kind = _chain_kind(ops, len([name for name in inputs if self._size(name) == size]))
        self.found.append([Layer(name=node.name, kind=kind, inputs=read, outputs=size)])


def _chain_kind(ops: frozenset[str], operands: int) -> str:
    curved = ops & (GELUS | SWISHES | SIGMOIDS)
    if curved and curved <= HARD:
        return "hard"
    if ops & GELUS:
        return "gelu"
    if ops & SWISHES or (ops & SIGMOIDS and "Mul" in ops):
        return "swish"
    if ops & SIGMOIDS:
        return "act"
    return "elt2" if operands > 1 else "elt"
