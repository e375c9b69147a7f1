"""Beside a layer of a quantized model, the same layer with other weights: both are computed in one run."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from portproof.calibration.graph.access import add_constant, names_kept
from portproof.calibration.plan import Layer, LayerWeights, Plan
from portproof.calibration.write import bias_integers

if TYPE_CHECKING:
    import onnx_ir as ir

TWIN = "_twin"


def add_twins(model: "ir.Model", plan: Plan, weights: Mapping[str, LayerWeights]) -> None:
    """Add to a written model, in place, a twin of each layer of `weights`.

    The twin's output is the layer's `output` with `TWIN` behind its name; its weights and bias are float constants,
    equal to what the integers mean.
    """
    nodes = {node.name or "": node for node in model.graph}
    with names_kept():
        for name, own in weights.items():
            _add(model.graph, nodes[name], plan.layers[name], own, plan)


def _add(graph: "ir.Graph", node: "ir.Node", layer: Layer, weights: LayerWeights, plan: Plan) -> None:
    import onnx_ir as ir

    weight = add_constant(graph, weights.dequantized(), f"{layer.weight}{TWIN}")
    inputs = [node.inputs[0], weight]
    bias = _bias(layer, weights, plan)
    if bias is not None and layer.op_type != "MatMul":
        inputs.append(add_constant(graph, bias, f"{layer.name}_bias{TWIN}"))
    twin = ir.Node("", node.op_type, inputs, list(node.attributes.values()), name=f"{layer.name}{TWIN}")
    made = [twin]
    if bias is not None and layer.op_type == "MatMul":
        twin.outputs[0].name = f"{layer.name}_product{TWIN}"
        row = add_constant(graph, bias, f"{layer.name}_bias{TWIN}")
        made.append(ir.Node("", "Add", [twin.outputs[0], row], name=f"{layer.name}_add{TWIN}"))
    made[-1].outputs[0].name = f"{layer.output}{TWIN}"
    graph.insert_after(node, made)


def _bias(
    layer: Layer, weights: LayerWeights, plan: Plan
) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]] | None":
    """The bias as the model will add it: rounded to its steps where the layer computes in integers."""
    read = plan.activations.get(layer.input)
    if weights.bias is None or layer.name not in plan.integer or read is None:
        return weights.bias
    integers, scale = bias_integers(layer, weights, read)
    return integers.astype(np.float32) * scale
