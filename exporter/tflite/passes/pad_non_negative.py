"""Padding in front of a maximum, where what is padded is known not to be negative."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.passes.graph import NodePass, only_use
from portproof.exporter.tflite.values import array_of, attribute

_NON_NEGATIVE = frozenset({"RELU", "RELU6", "RELU_0_TO_1", "LOGISTIC", "EXP", "ABS", "SQUARE", "SQRT", "SOFTMAX"})
_FUSED = frozenset({"RELU", "RELU6"})
_PASSING = frozenset({"MAX_POOL_2D", "AVERAGE_POOL_2D", "CONCATENATION", "PAD", "RESHAPE", "TRANSPOSE", "MEAN"})
_MOST_STEPS = 8


class PadNonNegative(NodePass):
    """The lowest number and zero are the same to a maximum over numbers that are not negative.

    Given::

        MAX_POOL_2D(PADV2(RELU(x), pads, -3.4e38))

    Result::

        MAX_POOL_2D(PAD(RELU(x), pads))

    XNNPACK takes PAD and not PADV2. Every window holds at least one element of `x`: ONNX pads by less than the kernel.
    """

    ops = frozenset({"PADV2"})

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Drops the value."""
        reader, filled = only_use(node.outputs[0]), array_of(node.inputs[2])
        if reader is None or reader.op_type != "MAX_POOL_2D" or filled is None or filled.dtype != np.float32:
            return False
        if float(filled.reshape(-1)[0]) > 0 or not is_non_negative(node.inputs[0], _MOST_STEPS):
            return False
        node.op_type = "PAD"
        node.resize_inputs(2)
        return True


def is_non_negative(value: ir.Value | None, steps: int) -> bool:
    """Whether no element of `value` can be below zero, looking back at most `steps` operators."""
    array = array_of(value)
    if array is not None:
        return bool((array >= 0).all())
    node = value.producer() if value is not None else None
    if node is None or steps == 0:
        return False
    if node.op_type in _NON_NEGATIVE or attribute(node, "fused_activation_function", "NONE") in _FUSED:
        return True
    data = node.inputs if node.op_type == "CONCATENATION" else node.inputs[:1]
    return node.op_type in _PASSING and all(is_non_negative(item, steps - 1) for item in data)
