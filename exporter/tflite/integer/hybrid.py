"""int8 weights beside float activations: multiplied as integers, or only stored as such."""

import math

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.integer.record import integers_of
from portproof.exporter.tflite.integer.weights import weights_of
from portproof.exporter.tflite.passes.graph import NodePass, only_use, producer_of
from portproof.exporter.tflite.values import DOMAIN, dtype_of, is_constant, is_run_time, set_attribute, shape_of

_AXES = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 0, "TRANSPOSE_CONV": 0}
"""Operators with weights at input 1, and the axis of their output channels."""
_FEWEST_CHANNELS = 16
_FEWEST_PRODUCTS = 128
"""Input channels of a convolution, and products made of each of its inputs, from which on XNNPACK's dynamically
quantized form is the faster one (on x86-64 with AVX-512: 0.2 to 0.7 of the float form's speed below, 1.2 to 4.7 above).
"""
FEWEST_ELEMENTS = 1024
"""Smaller weights save less than the operator that widens them costs."""


class DynamicWeights(NodePass):
    """Layers computed from int8 weights and activations quantized when running.

    Those that the model says so of; and FULLY_CONNECTED whose input carries a pair and whose result does not: TFLite
    has no kernel from integers to float32 but this, whose steps are no coarser than the pair's. A pair that nothing
    else reads goes.

    Given::

        FULLY_CONNECTED(x, w[float32, that was int8], b)

    Result::

        FULLY_CONNECTED(x, w[int8], b, asymmetric_quantize_inputs=1)

    The kernel quantizes each row of x. Convolutions too small for that to pay, depthwise ones, which XNNPACK does not
    take in this form, and transposed ones, which are not faster in it, are left for `StoredWeights`.
    """

    ops = frozenset({"CONV_2D", "FULLY_CONNECTED"})

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Where the weights say so, or the pairs do."""
        held = integers_of(node.inputs[1])
        if held is None or not (held.dynamic or _reads_pair(node)) or not _pays(node):
            return False
        weights = weights_of(node.inputs[1], _AXES[node.op_type])
        if isinstance(weights, str):
            return False
        node.replace_input_with(1, weights.value)
        _skip_pair(graph, node)
        if node.op_type == "FULLY_CONNECTED":
            set_attribute(node, "asymmetric_quantize_inputs", 1)
        return True


def _reads_pair(node: ir.Node) -> bool:
    """Whether a FULLY_CONNECTED takes int8 and gives float32: its weights are integers, its input was."""
    source = producer_of(node.inputs[0], "DEQUANTIZE")
    integers = source.inputs[0] if source is not None else None
    if node.op_type != "FULLY_CONNECTED" or integers is None or integers.dtype != ir.DataType.INT8:
        return False
    return is_run_time(integers)


def _skip_pair(graph: ir.Graph, node: ir.Node) -> None:
    """Read in front of a QUANTIZE and DEQUANTIZE that are there for `node` alone: the kernel quantizes itself."""
    after = producer_of(node.inputs[0], "DEQUANTIZE")
    before = producer_of(after.inputs[0], "QUANTIZE") if after is not None else None
    if after is None or before is None or only_use(after.outputs[0]) is not node:
        return
    if only_use(before.outputs[0]) is after:
        node.replace_input_with(0, before.inputs[0])
        graph.remove([after, before], safe=True)


def _pays(node: ir.Node) -> bool:
    """Whether multiplying integers saves more than quantizing the input costs."""
    if node.op_type == "FULLY_CONNECTED" or node.inputs[1] is None:
        return True
    outputs, height, width, channels = shape_of(node.inputs[1])
    return channels >= _FEWEST_CHANNELS and outputs * height * width >= _FEWEST_PRODUCTS


class StoredWeights(NodePass):
    """Weights that are computed with in float32, stored as the integers they were.

    Given::

        CONV_2D(x, w[float32, that was int8], b)

    Result::

        CONV_2D(x, DEQUANTIZE(w[int8]), b)
    """

    ops = frozenset(_AXES)

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Large weights only; those that are shared are widened once."""
        value = node.inputs[1]
        if value is None or not is_constant(value) or dtype_of(value) != np.float32:
            return False
        weights = weights_of(value, _AXES[node.op_type])
        if isinstance(weights, str) or math.prod(shape_of(value)) < FEWEST_ELEMENTS:
            return False
        result = ir.Value(name=value.name, shape=value.shape, type=value.type)
        widen = ir.Node(DOMAIN, "DEQUANTIZE", [weights.value], outputs=[result])
        graph.insert_before(node, widen)
        ir.convenience.replace_all_uses_with(value, result)
        return True
