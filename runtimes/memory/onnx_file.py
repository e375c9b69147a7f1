"""The memory of an ONNX file, its sizes inferred: what a runtime needs that frees a tensor after its last reader."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from portproof.runtimes import onnx_format
from portproof.runtimes.memory.liveness import Buffer
from portproof.runtimes.memory.memory_plan import MemoryPlan, planned
from portproof.runtimes.memory.sharing import Graph, Sharing, Step

if TYPE_CHECKING:
    import onnx_ir as ir


_UNARY = frozenset({"Relu", "LeakyRelu", "Clip", "Sigmoid", "Tanh", "HardSwish", "HardSigmoid", "Elu", "Erf", "Exp"})
_UNARY |= {"Log", "Sqrt", "Reciprocal", "Neg", "Abs", "Floor", "Ceil", "Softmax", "Gelu", "Softplus", "Sin", "Cos"}
SHARING: dict[str, Sharing] = {
    **dict.fromkeys(("Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity"), "same_data"),
    **dict.fromkeys(("Add", "Sub", "Mul", "Div", "Max", "Min"), "first_two"),
    **dict.fromkeys(_UNARY, "first"),
}
"""What ONNX Runtime's kernels declare (`MayInplace`, `Alias` of their definitions)."""


def read(path: Path) -> MemoryPlan:
    """The plan of the main graph; what a nested graph needs counts where its operator runs.

    Raises:
        PortproofError: ``E-FILE-MISSING``, ``E-MODEL-FORMAT``, ``E-MODEL-EXTERNAL``.
    """
    import onnx_ir as ir
    from onnx_ir.passes.common import ShapeInferencePass

    onnx_format.check(path)
    model = ir.load(path)
    ShapeInferencePass()(model)
    return of_graph(model.graph)


def of_graph(graph: "ir.Graph") -> MemoryPlan:
    """The plan of a graph whose shapes are known as far as they can be."""
    nodes = list(graph)
    names = _names(graph, nodes)
    inner = {at: plans for at, node in enumerate(nodes) if (plans := [of_graph(each) for each in _graphs(node)])}
    nested = [
        Buffer(name=f"inside {nodes[at].name} {number}", size=plan.arena_bytes, first=at, last=at)
        for at, plans in inner.items()
        for number, plan in enumerate(plans)
    ]
    constants = [value.const_value for value in graph.initializers.values() if value.const_value is not None]
    plans = [plan for each in inner.values() for plan in each]
    plan = planned(
        _tensors(graph, nodes, names),
        [f"{node.op_type} {node.name}" for node in nodes],
        weight_bytes=sum(tensor.nbytes for tensor in constants) + sum(plan.weight_bytes for plan in plans),
        nested=nested,
    )
    return replace(plan, unknown=(*plan.unknown, *(name for each in plans for name in each.unknown)))


def _graphs(node: "ir.Node") -> "list[ir.Graph]":
    import onnx_ir as ir

    return [value.as_graph() for value in node.attributes.values() if value.type == ir.AttributeType.GRAPH]


def _names(graph: "ir.Graph", nodes: "list[ir.Node]") -> "dict[ir.Value, str]":
    """Of all tensors of the graph itself, those of graphs around it left out."""
    inputs = [value for value in graph.inputs if not value.is_initializer()]
    made = [value for node in nodes for value in node.outputs if value.name]
    return {value: value.name or "" for value in (*inputs, *made)}


def _tensors(graph: "ir.Graph", nodes: "list[ir.Node]", names: "dict[ir.Value, str]") -> Graph:
    steps = [
        Step(
            inputs=[names[value] for value in _read(node) if value in names],
            outputs=[names[value] for value in node.outputs if value in names],
            sharing=SHARING.get(node.op_type, "none"),
        )
        for node in nodes
    ]
    return Graph(
        steps=steps,
        sizes={name: _size(value) for value, name in names.items()},
        inputs=[names[value] for value in graph.inputs if value in names],
        outputs=[names[value] for value in graph.outputs if value in names],
    )


def _read(node: "ir.Node") -> "Iterator[ir.Value]":
    """What it reads, the readers inside of it included."""
    yield from (value for value in node.inputs if value is not None)
    for graph in _graphs(node):
        for inner in graph:
            yield from _read(inner)
        yield from graph.outputs


def _size(value: "ir.Value") -> int | None:
    """Bytes; None where a size is known only when running, or what it holds is no tensor of numbers."""
    if value.shape is None or value.dtype is None or not value.dtype.bitwidth:
        return None
    elements = 1
    for size in value.shape:
        if not isinstance(size, int):
            return None
        elements *= size
    return -(-elements * value.dtype.bitwidth // 8)
