"""What the passes of the `tfl` dialect share: asking a graph, and taking nodes out of it."""

from collections.abc import Callable

import onnx_ir as ir


def producer_of(value: ir.Value | None, op: str) -> ir.Node | None:
    """The node that computes `value`, if it is an `op`."""
    node = value.producer() if value is not None else None
    return node if node is not None and node.op_type == op else None


def only_use(value: ir.Value) -> ir.Node | None:
    """The only reader of `value`; None if there are more, or if it is an output of the graph."""
    uses = list(value.uses())
    if len(uses) != 1 or value.is_graph_output():
        return None
    reader: ir.Node = uses[0].node
    return reader


def bypass(graph: ir.Graph, node: ir.Node, replacement: ir.Value) -> bool:
    """Lets every reader of `node`'s only output read `replacement`, and removes `node`.

    Returns False, changing nothing, where the output is the graph's and `replacement` cannot take its name.
    """
    old = node.outputs[0]
    if old.is_graph_output():
        if replacement.is_graph_output() or replacement.producer() is None:
            return False
        replacement.name, old.name = old.name, None
        for index, value in enumerate(graph.outputs):
            if value is old:
                graph.outputs[index] = replacement
    ir.convenience.replace_all_uses_with(old, replacement)
    graph.remove(node, safe=True)
    return True


def remove_dead(graph: ir.Graph) -> bool:
    """Removes nodes that nobody reads."""
    removed = False
    for node in reversed(list(graph)):
        for value in node.outputs:
            if value.uses() or value.is_graph_output():
                break
        else:
            graph.remove(node, safe=True)
            removed = True
    return removed


def inner_graphs(graph: ir.Graph) -> list[ir.Graph]:
    """The graphs that operators of `graph` run, such as the body of a WHILE: each once, inner ones first."""
    found: dict[ir.Graph, None] = {}
    for node in graph:
        for attribute in node.attributes.values():
            if attribute.type == ir.AttributeType.GRAPH:
                inner = attribute.as_graph()
                found.update(dict.fromkeys([*inner_graphs(inner), inner]))
    return list(found)


class NodePass(ir.passes.InPlacePass):
    """A pass that looks at one node after the other until none changes.

    Subclasses say in `visit` whether they changed the graph around a node.
    """

    ops: frozenset[str] = frozenset()
    """The operators to visit."""

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """Visits every node of `ops`, again and again while something changes."""
        modified = False
        while self._sweep(model.graph):
            modified = True
        return ir.passes.PassResult(model, modified)

    def _sweep(self, graph: ir.Graph) -> bool:
        visit: Callable[[ir.Graph, ir.Node], bool] = self.visit
        ops = self.ops
        changed = [visit(graph, node) for node in list(graph) if node.op_type in ops and node.graph is graph]
        return any(changed)

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Changes the graph around `node`; whether it did."""
        raise NotImplementedError(type(self).__name__)
