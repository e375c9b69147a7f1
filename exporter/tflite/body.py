"""Bodies of ONNX's control flow: the branches of an If, the step of a Loop or Scan.

A body reads values of the graphs around it. To be lowered it becomes a model of its own, for the arguments at hand:
what is constant there is an initializer, so that what depends on shapes or on the number of the step alone is folded.
"""

from collections.abc import Callable, Iterator, Sequence

import onnx_ir as ir

from portproof.exporter.lowering.parts import settle
from portproof.exporter.lowering.patterns import recognised
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.items import Item
from portproof.exporter.tflite.lower import lower_into
from portproof.exporter.tflite.values import is_constant

Lookup = Callable[[ir.Value], Item]
Body = ir.Graph | ir.GraphView


def captured(*bodies: Body) -> list[ir.Value]:
    """The values that `bodies` read from around them, in the order in which they are first read."""
    found: dict[ir.Value, None] = {}
    for body in bodies:
        own = set(_owned(body))
        found.update((value, None) for value in _read(body) if value not in own)
    return list(found)


def outer(b: Builder) -> Lookup:
    """What the values around the node being lowered have become."""
    if b.lookup is None:
        raise ValueError("no ONNX node is being lowered")
    return b.lookup


def inline(b: Builder, body: Body, arguments: Sequence[Item], lookup: Lookup) -> list[Item]:
    """Lowers `body` into `b` and gives its outputs.

    Args:
        b: gets the nodes.
        body: an ONNX graph; it is left as it is.
        arguments: what its inputs are.
        lookup: what the values that it captures are.

    Raises:
        RefusedInside: with one message for each node that cannot be written.
    """
    free = captured(body)
    items = [*arguments, *map(lookup, free)]
    graph = _closed(body, free, b.opset)
    left = _bind(graph, items)
    model = ir.Model(graph, ir_version=10)
    settle(model)
    emitted = len(b.nodes)
    results = lower_into(b, recognised(model), left)
    _take_names(results, b.nodes[emitted:])
    return results


def _take_names(results: Sequence[Item], nodes: Sequence[ir.Node]) -> None:
    """What the body computed is named by the outputs of the node that runs it."""
    made = {value for node in nodes for value in node.outputs}
    for item in results:
        if isinstance(item, ir.Value) and item in made:
            item.name = None


def _closed(body: Body, free: Sequence[ir.Value], opset: int) -> ir.Graph:
    """A copy whose inputs are those of `body`, then `free`.

    Its outputs go through an Identity: folding leaves alone what an output of a graph hangs on.
    """
    domains = {node.domain: 1 for node in ir.traversal.RecursiveGraphIterator(body)} | {"": opset}
    view = ir.GraphView(
        [*body.inputs, *free],
        body.outputs,
        nodes=list(body),
        initializers=list(body.initializers.values()),
        opset_imports=domains,
        name=body.name,
    )
    graph = view.clone()
    for index, value in enumerate(graph.outputs):
        copy = ir.Node("", "Identity", [value], num_outputs=1)
        copy.outputs[0].name = f"{value.name}/given{index}"
        copy.outputs[0].type = value.type
        graph.append(copy)
        graph.outputs[index] = copy.outputs[0]
    return graph


def _bind(graph: ir.Graph, items: Sequence[Item]) -> list[Item]:
    """Gives the inputs of `graph` the shapes of `items`, and makes those that are constants initializers.

    Returns what the inputs that are left stand for.
    """
    inputs = list(graph.inputs)
    left = []
    for value, item in zip(inputs, items, strict=True):
        if isinstance(item, ir.Value):
            value.shape, value.type, value.const_value = item.shape, item.type, item.const_value
        if isinstance(item, ir.Value) and is_constant(item):
            graph.inputs.remove(value)
            graph.register_initializer(value)
        else:
            left.append(item)
    return left


def _owned(graph: Body) -> Iterator[ir.Value]:
    """The values of `graph` and of the graphs inside of it."""
    yield from graph.inputs
    yield from graph.initializers.values()
    for node in graph:
        yield from node.outputs
        for inside in _graphs(node):
            yield from _owned(inside)


def _read(graph: Body) -> Iterator[ir.Value]:
    """What is read in `graph` and in the graphs inside of it."""
    for node in graph:
        yield from (value for value in node.inputs if value is not None)
        for inside in _graphs(node):
            yield from _read(inside)
    yield from graph.outputs


def _graphs(node: ir.Node) -> Iterator[ir.Graph]:
    for attribute in node.attributes.values():
        if attribute.type == ir.AttributeType.GRAPH and not attribute.is_ref():
            yield attribute.as_graph()
