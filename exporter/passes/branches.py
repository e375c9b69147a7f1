"""An If whose condition is known is the branch that it takes."""

import onnx_ir as ir

from portproof.exporter import provenance
from portproof.exporter.passes.graph import constant, replace


class InlineConstantIf(ir.passes.InPlacePass):
    """Replace an If of a constant condition by the nodes of the branch taken.

    Given: y = If(true) {then: y1 = Relu(x)} {else: y2 = Neg(x)}
    Result: y = Relu(x)
    """

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """Looks into what it has put in, too: branches may hold an If."""
        from onnx_ir.passes import common

        modified = False
        todo = [node for node in model.graph.all_nodes() if node.op_type == "If"]
        while todo:
            node = todo.pop()
            condition = constant(node.inputs[0])
            if condition is None or node.domain not in ("", "ai.onnx"):
                continue
            name = "then_branch" if bool(condition.reshape(-1)[0]) else "else_branch"
            todo += [part for part in _inline(node, node.attributes[name].as_graph()) if part.op_type == "If"]
            modified = True
        if modified:
            common.NameFixPass()(model)
        return ir.passes.PassResult(model, modified)


def _inline(node: ir.Node, branch: ir.Graph) -> list[ir.Node]:
    """Moves the nodes of `branch` in front of `node`, which goes."""
    graph = node.graph
    if graph is None:
        raise ValueError("an If belongs to no graph")
    results, parts = list(branch.outputs), list(branch)
    branch.outputs.clear()
    for name, value in list(branch.initializers.items()):
        branch.initializers.pop(name)
        value.name = f"{node.name or 'if'}/{name}"
        graph.register_initializer(value)
    for part in parts:
        branch.remove(part)
        provenance.inherit(part, node)
    graph.insert_before(node, parts)
    for old, new in zip(node.outputs, results, strict=True):
        _give(graph, node, old, new)
    graph.remove(node, safe=True)
    return parts


def _give(graph: ir.Graph, node: ir.Node, old: ir.Value, new: ir.Value) -> None:
    """`new` stands for `old`; through a copy where it is not made by a node of this graph and `old` is an output."""
    if new.shape is None or (old.shape is not None and old.shape.is_static()):
        new.shape, new.type = old.shape or new.shape, old.type or new.type
    if replace(old, new):
        return
    copy = ir.Node("", "Identity", [new], num_outputs=1)
    provenance.inherit(copy, node)
    graph.insert_before(node, copy)
    replace(old, copy.outputs[0])
