"""Weights in half the bytes: stored as float16, computed with in float32."""

import hashlib

import numpy as np
import onnx_ir as ir

from portproof.exporter.passes.half import fits
from portproof.exporter.tflite.values import DOMAIN, Array, array_of, bytes_of, constant


class Float16Weights(ir.passes.InPlacePass):
    """Stores large float32 constants as float16.

    Given::

        CONV_2D(x, w[float32], b)

    Result::

        CONV_2D(x, DEQUANTIZE(w[float16]), b)

    XNNPACK takes the pair as one constant; other kernels widen it once at load. Constants with values beyond float16's
    range stay as they are; so do, where it must be `exact`, those of which any value would change.
    """

    def __init__(self, *, exact: bool = False) -> None:
        super().__init__()
        self.exact = exact

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """Replaces equal constants of a graph by one, however many read it; inner graphs have their own."""
        changes = [_halve(graph, self.exact) for graph in (model.graph, *model.graph.subgraphs())]
        return ir.passes.PassResult(model, any(changes))


def _halve(graph: ir.Graph, exact: bool) -> bool:
    widened: dict[tuple[tuple[int, ...], bytes], ir.Value] = {}
    for node in list(graph):
        if node.op_type == "DEQUANTIZE":
            continue
        for index, value in enumerate(node.inputs):
            array = array_of(value)
            if value is not None and array is not None and fits(array, exact=exact):
                key = (array.shape, hashlib.blake2b(bytes_of(array), digest_size=16).digest())
                if key not in widened:
                    widened[key] = _widen(graph, value, array)
                node.replace_input_with(index, widened[key])
    return bool(widened)


def _widen(graph: ir.Graph, value: ir.Value, array: Array) -> ir.Value:
    half = constant(array.astype(np.float16), f"{value.name}/float16" if value.name else None)
    result = ir.Value(name=value.name, shape=value.shape, type=value.type)
    graph.insert_before(graph[0], ir.Node(DOMAIN, "DEQUANTIZE", [half], outputs=[result]))
    return result
