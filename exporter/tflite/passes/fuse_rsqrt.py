"""Reciprocals of roots."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.passes.graph import NodePass, only_use, producer_of
from portproof.exporter.tflite.values import array_of, attribute, dtype_of, shape_of

_KEEPS_SIGN = frozenset({"MEAN", "SUM", "RESHAPE", "TRANSPOSE"})
_SQUARES = frozenset({"SQUARE", "SQUARED_DIFFERENCE", "ABS", "EXP"})


class FuseRsqrt(NodePass):
    """One operator, and one rounding, instead of two.

    Given (what stands below a layer in a normalisation)::

        DIV(1, SQRT(ADD(MEAN(SQUARE(x)), 1e-5)))

    Result::

        RSQRT(ADD(MEAN(SQUARE(x)), 1e-5))

    where nobody else reads the root, and its operand is seen to be more than 0: of 0 XNNPACK's RSQRT is NaN.
    """

    ops = frozenset({"DIV"})

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Turns the division into the root's reciprocal; the root is dead code then."""
        one, root = array_of(node.inputs[0]), producer_of(node.inputs[1], "SQRT")
        if one is None or one.size != 1 or one.reshape(-1)[0] != 1 or dtype_of(node.outputs[0]) != np.float32:
            return False
        if root is None or only_use(root.outputs[0]) is not node or not _is_positive(root.inputs[0]):
            return False
        activation = attribute(node, "fused_activation_function", "NONE")
        if activation != "NONE" or shape_of(root.outputs[0]) != shape_of(node.outputs[0]):
            return False
        node.op_type = "RSQRT"
        node.attributes.clear()
        node.resize_inputs(1)
        node.replace_input_with(0, root.inputs[0])
        graph.remove(root, safe=True)
        return True


def _is_positive(value: ir.Value | None) -> bool:
    """Whether `value` is a sum of a positive constant and of what is never negative."""
    added = producer_of(value, "ADD")
    if added is None:
        return False
    for one, other in (added.inputs, reversed(added.inputs)):
        array = array_of(one)
        if array is not None and bool((array > 0).all()) and _is_never_negative(other):
            return True
    return False


def _is_never_negative(value: ir.Value | None) -> bool:
    """Whether `value` is of squares, whatever is summed, averaged or reshaped."""
    node = value.producer() if value is not None else None
    while node is not None and node.op_type in _KEEPS_SIGN:
        value = node.inputs[0]
        node = value.producer() if value is not None else None
    if node is None:
        return False
    return node.op_type in _SQUARES or (node.op_type == "MUL" and node.inputs[0] is node.inputs[1])
