"""A constant added behind a product becomes its bias."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.passes.graph import NodePass, bypass, only_use
from portproof.exporter.tflite.values import Array, array_of, attribute, replace_constant, shape_of


class FuseBias(NodePass):
    """Adds the constant at conversion time.

    Given::

        ADD(FULLY_CONNECTED(x, w, zeros), vector[C])

    Result::

        FULLY_CONNECTED(x, w, vector)
    """

    ops = frozenset({"ADD"})
    takers = frozenset({"FULLY_CONNECTED", "CONV_2D", "DEPTHWISE_CONV_2D"})

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Adds to the bias when nothing stands between and nobody else reads the product."""
        for index in (0, 1):
            product, added = node.inputs[index], array_of(node.inputs[1 - index])
            taker = product.producer() if product is not None else None
            if product is None or added is None or taker is None or taker.op_type not in self.takers:
                continue
            bias = _bias(taker, added, product)
            activated = attribute(taker, "fused_activation_function", "NONE") != "NONE"
            if bias is None or activated or only_use(product) is not node:
                continue
            return self._fuse(graph, node, taker, bias)
        return False

    @staticmethod
    def _fuse(graph: ir.Graph, node: ir.Node, taker: ir.Node, bias: Array) -> bool:
        after = node.attributes.get("fused_activation_function")
        if not bypass(graph, node, taker.outputs[0]):
            return False
        replace_constant(taker, 2, bias)
        if after is not None:
            taker.attributes["fused_activation_function"] = after
        return True


def _bias(taker: ir.Node, added: Array, product: ir.Value) -> Array | None:
    """The sum of bias and constant, where the constant has one number for each channel, or one for all."""
    channels = shape_of(product)[-1]
    held = array_of(taker.inputs[2]) if len(taker.inputs) > 2 else None
    along_channels = added.size == 1 or (added.ndim > 0 and added.shape[-1] == channels == added.size)
    if held is None or held.dtype != np.float32 or not along_channels or added.ndim > len(shape_of(product)):
        return None
    total = held.astype(np.float64) + added.reshape(-1).astype(np.float64)
    return np.ascontiguousarray(total.astype(np.float32))
