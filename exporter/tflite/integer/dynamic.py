"""Layers whose weights are int8 and whose activations are quantized when running, found in the ONNX model.

TFLite's kernels do both: a float32 FULLY_CONNECTED with int8 weights quantizes its input itself, each row with a scale
of its own where ONNX's DynamicQuantizeLinear takes one for the tensor. So what stands for that in ONNX goes, and the
weights remember that they are to be multiplied so.
"""

from collections.abc import Iterable

import onnx_ir as ir

MARK = "portproof.dynamic"
"""In the metadata of a DequantizeLinear of weights."""
_LAYERS = {"MatMul": 1, "Gemm": 1, "Conv": 1, "ConvTranspose": 1}
"""Operators with such kernels, and which of their inputs the weights are."""


def with_dynamic_layers(model: ir.Model) -> ir.Model:
    """`model` with float activations in front of such layers; the model given is left as it is.

    Given::

        MatMul(DequantizeLinear(DynamicQuantizeLinear(x)), DequantizeLinear(w[int8]))

    Result::

        MatMul(x, DequantizeLinear(w[int8]))

    with a mark on the DequantizeLinear of the weights. A DynamicQuantizeLinear that anything else reads stays.
    """
    if not any(node.op_type == "DynamicQuantizeLinear" for node in model.graph):
        return model
    model = model.clone()
    starts = [node for node in model.graph if node.op_type == "DynamicQuantizeLinear"]
    ends = {start: _ends(start) for start in starts}
    for start in _consistent(ends):
        _bypass(model.graph, start, ends[start])
    return model


def is_dynamic(node: ir.Node | None) -> bool:
    """Whether `node` is the DequantizeLinear of the weights of such a layer."""
    return node is not None and MARK in node.metadata_props


def _ends(start: ir.Node) -> list[ir.Node]:
    """The DequantizeLinear nodes behind `start`, where they and nothing else read it, in front of layers alone."""
    readers = list(dict.fromkeys(use.node for value in start.outputs for use in value.uses()))
    if any(value.is_graph_output() for value in start.outputs) or not readers:
        return []
    if any(list(node.inputs) != list(start.outputs) or node.op_type != "DequantizeLinear" for node in readers):
        return []
    results = [node.outputs[0] for node in readers]
    if any(result.is_graph_output() or not result.uses() for result in results):
        return []
    layers = [(use.node, use.idx) for result in results for use in result.uses()]
    return readers if all(index == 0 and _weights(layer) is not None for layer, index in layers) else []


def _weights(layer: ir.Node) -> ir.Node | None:
    """The DequantizeLinear that gives a layer its constant weights."""
    place = _LAYERS.get(layer.op_type)
    value = layer.inputs[place] if place is not None and place < len(layer.inputs) else None
    node = value.producer() if value is not None else None
    if node is None or node.op_type != "DequantizeLinear" or node.outputs[0].is_graph_output():
        return None
    return node if node.inputs[0] is not None and node.inputs[0].const_value is not None else None


def _consistent(ends: dict[ir.Node, list[ir.Node]]) -> list[ir.Node]:
    """Those whose layers' weights no other layer reads: weights are multiplied in one way."""
    chosen = {start for start, nodes in ends.items() if nodes}
    while True:
        inside = {layer for start in chosen for layer in _layers(ends[start])}
        torn = {start for start in chosen if not _only(inside, map(_weights, _layers(ends[start])))}
        if not torn:
            return [start for start in ends if start in chosen]
        chosen -= torn


def _only(inside: set[ir.Node], weights: Iterable[ir.Node | None]) -> bool:
    return all(use.node in inside for node in weights if node is not None for use in node.outputs[0].uses())


def _layers(ends: list[ir.Node]) -> list[ir.Node]:
    return [use.node for node in ends for use in node.outputs[0].uses()]


def _bypass(graph: ir.Graph, start: ir.Node, ends: list[ir.Node]) -> None:
    data = start.inputs[0]
    if data is None:
        return
    for layer in _layers(ends):
        weights = _weights(layer)
        if weights is not None:
            weights.metadata_props[MARK] = "1"
    for node in ends:
        ir.convenience.replace_all_uses_with(node.outputs[0], data)
        graph.remove(node, safe=True)
    graph.remove(start, safe=True)
