"""Beside a layer of a quantized model, the same layer with other weights: both are computed in one run."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from portproof.calibration.build import bias_of
from portproof.calibration.graph.access import add_constant, constant, names_kept
from portproof.calibration.plan import Layer, LayerWeights, Plan
from portproof.calibration.write import bias_integers

if TYPE_CHECKING:
    import onnx_ir as ir

TWIN, EXACT = "_twin", "_exact"
Constants = tuple[NDArray[np.float32], NDArray[np.float32] | None]


def add_twins(model: "ir.Model", plan: Plan, weights: Mapping[str, LayerWeights]) -> "list[ir.Value]":
    """Add to a written model, in place, a twin of each layer of `weights`, which reads what the layer reads.

    The twins' outputs are called like the layers' `output` with `TWIN` behind; their weights and biases are float
    constants, equal to what the integers mean.
    """
    nodes = {node.name or "": node for node in model.graph}
    made = []
    with names_kept():
        for name, own in weights.items():
            node, layer = nodes[name], plan.layers[name]
            made.append(_add(node, layer, (own.dequantized(), _bias(layer, own, plan)), node.inputs[0], TWIN))
    return made


def add_exact(quantized: "ir.Model", model: "ir.Model", layers: Iterable[Layer]) -> "list[ir.Value]":
    """Add to a written model the float form of layers, each reading what its layer reads before that is rounded.

    The outputs, one for each layer, are called like the layers' with `EXACT` behind: what the layers would give
    without their own roundings, of their inputs and of their weights.
    """
    nodes = {node.name or "": node for node in quantized.graph}
    made = []
    with names_kept():
        for layer in layers:
            node = nodes[layer.name]
            weight = np.asarray(constant(model.graph.initializers[layer.weight]), np.float32)
            source = _before_rounding(node)
            made.append(_add(node, layer, (weight, bias_of(model, layer)), source, EXACT))
    return made


def _add(node: "ir.Node", layer: Layer, constants: Constants, source: "ir.Value | None", suffix: str) -> "ir.Value":
    import onnx_ir as ir

    graph, (weight, bias) = node.graph, constants
    inputs = [source, add_constant(graph, weight, f"{layer.weight}{suffix}")]  # type: ignore[arg-type]  # it has one
    row = None if bias is None else add_constant(graph, bias, f"{layer.name}_bias{suffix}")  # type: ignore[arg-type]
    if row is not None and layer.op_type != "MatMul":
        inputs.append(row)
    made = [ir.Node("", node.op_type, inputs, list(node.attributes.values()), name=f"{layer.name}{suffix}")]
    if row is not None and layer.op_type == "MatMul":
        made[0].outputs[0].name = f"{layer.name}_product{suffix}"
        made.append(ir.Node("", "Add", [made[0].outputs[0], row], name=f"{layer.name}_add{suffix}"))
    output = made[-1].outputs[0]
    output.name, output.shape = f"{layer.output}{suffix}", node.outputs[0].shape
    output.type = None if source is None else source.type
    graph.insert_after(node, made)  # type: ignore[union-attr]  # a layer is in a graph
    return output


def _before_rounding(node: "ir.Node") -> "ir.Value | None":
    """What a layer would read if its input were not rounded."""
    value = node.inputs[0]
    for rounding in (("DequantizeLinear",), ("QuantizeLinear", "DynamicQuantizeLinear")):
        maker = value.producer() if value is not None else None
        if maker is None or maker.op_type not in rounding:  # it reads what a float node made
            break
        value = maker.inputs[0]
    return value


def _bias(layer: Layer, weights: LayerWeights, plan: Plan) -> NDArray[np.float32] | None:
    """The bias as the model will add it: rounded to its steps where the layer computes in integers."""
    read = plan.activations.get(layer.input)
    if weights.bias is None or layer.name not in plan.integer or read is None:
        return weights.bias
    integers, scale = bias_integers(layer, weights, read)
    return integers.astype(np.float32) * scale
