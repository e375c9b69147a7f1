"""Weights that a model holds in float16 and widens: folding makes float32 of them, in twice the bytes."""

from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from portproof.exporter.passes.graph import add_constant, constant

_FEWEST = 1024  # elements: fewer save less than the operator that widens them costs
_LARGEST = float(np.finfo(np.float16).max)


def fits(array: NDArray[Any], *, exact: bool = False) -> bool:
    """Whether an array is worth storing as float16 and can be; `exact`: without any value changing."""
    if array.dtype != np.float32 or array.size < _FEWEST or not (np.abs(array) <= _LARGEST).all():
        return False
    return not exact or bool((array.astype(np.float16).astype(np.float32) == array).all())


class StoreHalf(ir.passes.InPlacePass):
    """Hold float32 constants in float16 again, where that changes none of their values.

    Given: y = MatMul(x, w), w float32, every value of it one of float16's
    Result: c = Cast<to = FLOAT>(w16);  y = MatMul(x, c)
    """

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """Once for each constant, however many read it; subgraphs keep theirs."""
        chosen = [value for value in model.graph.initializers.values() if _is_half(value)]
        for value in chosen:
            _halve(model, value)
        return ir.passes.PassResult(model, bool(chosen))


def has_half(model: ir.Model) -> bool:
    """Whether a model holds large weights in float16 that it widens to float32."""
    return any(_is_widened(node) for node in model.graph.all_nodes() if node.op_type == "Cast")


def _is_widened(node: ir.Node) -> bool:
    held, made = node.inputs[0], node.outputs[0]
    types = held.dtype if held is not None else None, made.dtype
    if held is None or held.const_value is None or types != (ir.DataType.FLOAT16, ir.DataType.FLOAT):
        return False
    return held.const_value.size >= _FEWEST


def _is_half(value: ir.Value) -> bool:
    array = None if value.is_graph_output() else constant(value)
    return array is not None and fits(array, exact=True)


def _halve(model: ir.Model, value: ir.Value) -> None:
    array = constant(value)
    if array is None:
        return
    held = add_constant(model.graph, array.astype(np.float16), f"{value.name}_half")
    cast = ir.node("Cast", [held], {"to": ir.DataType.FLOAT.value}, name=f"{value.name}_widened")
    made = cast.outputs[0]
    made.name, made.shape, made.type = f"{value.name}_widened", value.shape, value.type
    value.replace_all_uses_with(made)
    model.graph.initializers.pop(value.name or "")
    model.graph.insert_before(model.graph[0], cast)
