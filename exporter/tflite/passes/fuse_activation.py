"""Activations into the operator in front of them."""

import onnx_ir as ir

from portproof.exporter.tflite.passes.graph import NodePass, bypass, only_use
from portproof.exporter.tflite.values import attribute, dtype_of, set_attribute


class FuseActivation(NodePass):
    """Clamps where the result is computed.

    Given::

        RELU6(CONV_2D(x, w, b))

    Result::

        CONV_2D(x, w, b, fused_activation_function=RELU6)

    Only float32: the integer kernels clamp in the output's scale, which quantization decides.
    """

    ops = frozenset({"RELU", "RELU6", "RELU_N1_TO_1"})
    takers = frozenset(
        {
            "ADD",
            "AVERAGE_POOL_2D",
            "CONV_2D",
            "DEPTHWISE_CONV_2D",
            "DIV",
            "FULLY_CONNECTED",
            "MAX_POOL_2D",
            "MUL",
            "SUB",
            "TRANSPOSE_CONV",
        }
    )

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Fuses `node` when nobody else reads what it reads."""
        value = node.inputs[0]
        taker = value.producer() if value is not None else None
        if value is None or taker is None or taker.op_type not in self.takers or only_use(value) is not node:
            return False
        if attribute(taker, "fused_activation_function", "NONE") != "NONE" or dtype_of(value).name != "float32":
            return False
        if not bypass(graph, node, value):
            return False
        set_attribute(taker, "fused_activation_function", node.op_type)
        return True
