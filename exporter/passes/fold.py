"""Constant folding: whatever depends on weights alone is computed once, by ONNX Runtime where it can."""

import math
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from portproof.device_profiles.errors import PortproofError
from portproof.exporter import provenance
from portproof.exporter.onnx_random import RANDOM
from portproof.exporter.passes.graph import add_constant, attribute, free_name, is_constant, nodes, shape_of

# A node may grow its inputs this much (a cast to a wider type), or make this many bytes from nothing: an Expand,
# Tile or ConstantOfShape of megabytes is cheaper to run than to ship.
_GROWTH = 2
_SMALL_BYTES = 64 << 10
_FEW = 8
# Quantisation pairs carry the scales of int8: folding them would lose the scheme.
_KEPT = {"QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "If", "Loop", "Scan", "Constant", "Dropout"}


class FoldConstants(ir.passes.InPlacePass):
    """Replace nodes that depend on initializers only by their value; `Shape` and `Size` of fixed shapes too.

    Given: k = Transpose(w);  y = MatMul(x, k)
    Result: y = MatMul(x, k), k an initializer

    Random operators, quantisation pairs, control flow, strings and nodes that would swell the file stay.

    Args:
        data: fold values of any size; otherwise only the few numbers that shapes are made of, so that what is made
            from shapes (masks, positions) stays computed.
    """

    def __init__(self, *, data: bool = True) -> None:
        super().__init__()
        self.data = data

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """One round: all foldable nodes are evaluated together, in one session."""
        modified = _fold_shapes(model)
        chosen = _foldable(model, None if self.data else _FEW)
        if not chosen:
            return ir.passes.PassResult(model, modified)
        wanted = _boundary(chosen)
        try:
            arrays = _evaluate(model, chosen, wanted)
        except PortproofError:  # a kernel that nobody has: the nodes stay
            return ir.passes.PassResult(model, modified)
        for value in wanted:
            _substitute(model.graph, value, arrays[value.name or ""])
        for node in reversed(chosen):
            model.graph.remove(node, safe=True)
        return ir.passes.PassResult(model, modified=True)


def _fold_shapes(model: ir.Model) -> bool:
    modified = False
    for node in nodes(model, "Shape", "Size"):
        shape = shape_of(node.inputs[0])
        if shape is None or node.outputs[0].is_graph_output():
            continue
        start, end = attribute(node, "start", 0), attribute(node, "end", None)
        array = np.array(math.prod(shape) if node.op_type == "Size" else shape[start:end], np.int64)
        _substitute(model.graph, node.outputs[0], array)
        model.graph.remove(node, safe=True)
        modified = True
    return modified


def _foldable(model: ir.Model, most: int | None) -> list[ir.Node]:
    """The foldable nodes in order; a node may hang on another foldable one."""
    made: set[ir.Value] = set()
    chosen = []
    for node in nodes(model):
        inputs = [v for v in node.inputs if v is not None]
        if not all(v in made or is_constant(v) for v in inputs) or not _allowed(node, inputs):
            continue
        if most is not None and not all(_elements(v) <= most for v in node.outputs):
            continue
        chosen.append(node)
        made.update(node.outputs)
    return chosen


def _allowed(node: ir.Node, inputs: list[ir.Value]) -> bool:
    if node.op_type in RANDOM | _KEPT or any(v.is_graph_output() for v in node.outputs):
        return False
    sizes = [_bytes(v) for v in (*inputs, *node.outputs)]
    if any(size is None for size in sizes):
        return False
    given = sum(size or 0 for size in sizes[: len(inputs)])
    return all((size or 0) <= max(_SMALL_BYTES, _GROWTH * given) for size in sizes[len(inputs) :])


def _elements(value: ir.Value) -> float:
    shape = shape_of(value)
    return math.inf if shape is None else math.prod(shape)


def _bytes(value: ir.Value) -> int | None:
    """The size of a tensor, None when it is not known or not of numbers."""
    shape, dtype = shape_of(value), value.dtype
    if value.const_value is not None:
        shape, dtype = tuple(value.const_value.shape.numpy()), value.const_value.dtype
    if shape is None or dtype is None or dtype in (ir.DataType.STRING, ir.DataType.UNDEFINED):
        return None
    return math.ceil(math.prod(shape) * dtype.itemsize)


def _boundary(chosen: list[ir.Node]) -> list[ir.Value]:
    """The values that nodes outside `chosen` read."""
    inside = set(chosen)
    return [v for node in chosen for v in node.outputs if any(use.node not in inside for use in v.uses())]


def _evaluate(model: ir.Model, chosen: list[ir.Node], wanted: list[ir.Value]) -> dict[str, NDArray[Any]]:
    from portproof.exporter.onnx_run import OnnxFunction, SlowFunction

    values: dict[ir.Value, ir.Value] = {}
    for node in chosen:
        for value in node.inputs:
            if value is not None and value not in values and is_constant(value):
                values[value] = ir.Value(name=value.name, const_value=value.const_value)
    weights = list(values.values())
    copies = [_copy(node, values) for node in chosen]
    graph = ir.Graph(
        [], [values[v] for v in wanted], nodes=copies, initializers=weights, opset_imports=dict(model.opset_imports)
    )
    small = ir.Model(graph, ir_version=model.ir_version)
    try:
        with OnnxFunction(small) as function:
            return function.run({})
    except PortproofError:
        with SlowFunction(small) as evaluator:
            return evaluator.run({})


def _copy(node: ir.Node, values: dict[ir.Value, ir.Value]) -> ir.Node:
    outputs = [ir.Value(name=v.name, shape=v.shape, type=v.type) for v in node.outputs]
    inputs = [None if v is None else values[v] for v in node.inputs]
    values.update(zip(node.outputs, outputs, strict=True))
    return ir.Node(node.domain, node.op_type, inputs, list(node.attributes.values()), outputs=outputs, name=node.name)


def _substitute(graph: ir.Graph, value: ir.Value, array: NDArray[Any]) -> None:
    name, value.name = value.name or "folded", None
    free_name(graph, name)
    for user in value.consumers():
        provenance.inherit(user, value.producer())
    value.replace_all_uses_with(add_constant(graph, array, name))
