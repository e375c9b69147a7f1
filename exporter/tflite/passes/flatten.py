"""Flattening in front of FULLY_CONNECTED, which flattens by itself."""

import onnx_ir as ir

from portproof.exporter.tflite.passes.graph import NodePass, producer_of
from portproof.exporter.tflite.values import array_of, attribute, rank_of

MOST_AXES = 4
"""Kernels and delegates agree on flattening up to here."""


class FlattenIntoFullyConnected(NodePass):
    """Flattens in the kernel.

    Given::

        FULLY_CONNECTED(RESHAPE(x[N,C,H,W], [N,K]), w[O,K])

    Result::

        FULLY_CONNECTED(x[N,C,H,W], w[O,K])

    so that the layout pass may store `x` in any order: the columns of the constant weights follow.
    """

    ops = frozenset({"FULLY_CONNECTED"})

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Reads in front of the reshape; rows are what is left when the columns of the weights are filled."""
        reshape = producer_of(node.inputs[0], "RESHAPE")
        if reshape is None or attribute(node, "keep_num_dims", 0) or array_of(node.inputs[1]) is None:
            return False
        source = reshape.inputs[0]
        if source is None or not 1 < rank_of(source) <= MOST_AXES:
            return False
        node.replace_input_with(0, source)
        return True
