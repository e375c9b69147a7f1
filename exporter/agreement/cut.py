"""A QDQ model cut at every pair: each layer then reads what it is given, not what layers before it made.

One rounding that goes the other way is a step of one value, and a deep network makes many different values of it
further on. Whether kernels are right shows only where each of them reads the same integers.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portproof.calibration.graph.access import constant, names

if TYPE_CHECKING:
    import onnx_ir as ir

_GIVEN = "_given"


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A model of layers that stand apart.

    Attributes:
        model: every pair is an output, and its readers read an input in its place, through a pair of its own.
        given: by the name of each new input, the name of the pair's value, which is an output.
        scales: the step of each of these outputs, by name.
    """

    model: "ir.Model"
    given: dict[str, str]
    scales: dict[str, float]


def cut(model: "ir.Model") -> Cut:
    """Cut a copy of a QDQ model behind each QuantizeLinear whose scale is one constant.

    Given: ``DequantizeLinear(QuantizeLinear(Conv(x)))`` read by layers
    Result: the same as an output; the layers read ``DequantizeLinear(QuantizeLinear(input))``

    Pairs of the model's own inputs stay: nothing computes what they round.
    """
    copy = model.clone()
    taken, given, scales = names(copy.graph), {}, {}
    for node in [node for node in copy.graph if _is_cut(node)]:
        readers = [use.node for use in node.outputs[0].uses()]
        scales.update({reader.outputs[0].name or "": _scale(node) for reader in readers})
        if any(reader.outputs[0].uses() for reader in readers):
            name = _free(f"{node.inputs[0].name}{_GIVEN}", taken)  # type: ignore[union-attr]  # _is_cut
            given[name] = readers[0].outputs[0].name or ""
            _replace(copy.graph, node, readers, name)
    copy.graph.inputs[:] = [value for value in copy.graph.inputs if value.uses() or value.is_graph_output()]
    return Cut(model=copy, given=given, scales=scales)


def _is_cut(node: "ir.Node") -> bool:
    if node.op_type != "QuantizeLinear" or not _scale(node) or node.outputs[0].is_graph_output():
        return False
    readers = [use.node for use in node.outputs[0].uses()]
    source = node.inputs[0]
    is_made = source is not None and source.producer() is not None and not source.is_graph_input()
    return is_made and bool(readers) and all(reader.op_type == "DequantizeLinear" for reader in readers)


def _scale(node: "ir.Node") -> float:
    """Of a pair; 0 where it has several, or none that is a constant."""
    scale = constant(node.inputs[1])
    return float(scale.reshape(-1)[0]) if scale is not None and scale.size == 1 else 0.0


def _replace(graph: "ir.Graph", node: "ir.Node", readers: "list[ir.Node]", name: str) -> None:
    """The readers of a pair read another of the same parameters, of a new input."""
    import onnx_ir as ir

    source = node.inputs[0]
    if source is None:
        return
    value = ir.Value(name=name, shape=source.shape, type=source.type or ir.TensorType(ir.DataType.FLOAT))
    graph.inputs.append(value)
    quantize = _like(node, [value, *node.inputs[1:]], f"{name}_quantized")
    dequantize = _like(readers[0], [quantize.outputs[0], *readers[0].inputs[1:]], f"{name}_dequantized")
    graph.insert_before(graph[0], [quantize, dequantize])
    for reader in readers:
        made = reader.outputs[0]
        for use in list(made.uses()):
            use.node.replace_input_with(use.idx, dequantize.outputs[0])
        if not made.is_graph_output():
            graph.outputs.append(made)


def _like(node: "ir.Node", inputs: "list[ir.Value | None]", name: str) -> "ir.Node":
    import onnx_ir as ir

    made = ir.Node(node.domain, node.op_type, inputs, list(node.attributes.values()), name=name)
    made.outputs[0].name = name
    made.outputs[0].shape, made.outputs[0].type = node.outputs[0].shape, node.outputs[0].type
    return made


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    taken.add(name)
    return name
