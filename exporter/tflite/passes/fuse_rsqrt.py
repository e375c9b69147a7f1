"""Reciprocals of roots."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.passes.graph import NodePass, only_use, producer_of
from portproof.exporter.tflite.values import array_of, attribute, dtype_of, shape_of


class FuseRsqrt(NodePass):
    """One operator, and one rounding, instead of two.

    Given::

        DIV(1, SQRT(x))

    Result::

        RSQRT(x)

    where nobody else reads the root.
    """

    ops = frozenset({"DIV"})

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Turns the division into the root's reciprocal; the root is dead code then."""
        one, root = array_of(node.inputs[0]), producer_of(node.inputs[1], "SQRT")
        if one is None or one.size != 1 or one.reshape(-1)[0] != 1 or dtype_of(node.outputs[0]) != np.float32:
            return False
        if root is None or only_use(root.outputs[0]) is not node or root.inputs[0] is None:
            return False
        activation = attribute(node, "fused_activation_function", "NONE")
        if activation != "NONE" or shape_of(root.inputs[0]) != shape_of(node.outputs[0]):
            return False
        node.op_type = "RSQRT"
        node.attributes.clear()
        node.resize_inputs(1)
        node.replace_input_with(0, root.inputs[0])
        graph.remove(root, safe=True)
        return True
