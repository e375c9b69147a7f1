"""Repetitions that no operator behind makes by itself."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.make.window import is_for_any_size
from portproof.exporter.tflite.passes.graph import NodePass
from portproof.exporter.tflite.values import (
    array_of,
    dtype_of,
    is_run_time,
    rank_of,
    replace_constant,
    set_attribute,
    shape_of,
)

_MOST_AXES = 4
"""Up to which every kernel broadcasts."""


class MultiplyBroadcast(NodePass):
    """XNNPACK has no BROADCAST_TO, and multiplies with broadcasting.

    Given::

        BROADCAST_TO(x[1,1,64], [1,16,64])

    Result, the same to the bit (XNNPACK takes subnormal numbers for zero, here as everywhere)::

        MUL(x[1,1,64], ones[1,16,1])

    Comes after `SinkBroadcast`, which leaves those whose readers need the whole tensor. The graph stays in one
    partition where its neighbours are XNNPACK's.
    """

    ops = frozenset({"BROADCAST_TO"})

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Leaves repetitions whose size is not known yet: the ones would have to be as many."""
        data = node.inputs[0]
        if data is None or not is_run_time(data) or dtype_of(data) != np.float32 or is_for_any_size():
            return False
        shape = shape_of(node.outputs[0])
        if len(shape) > _MOST_AXES or array_of(node.inputs[1]) is None or 0 in shape:
            return False
        source = (1,) * (len(shape) - rank_of(data)) + shape_of(data)
        ones = [size if had == 1 else 1 for had, size in zip(source, shape, strict=True)]
        node.op_type = "MUL"
        node.attributes.clear()
        set_attribute(node, "fused_activation_function", "NONE")
        replace_constant(node, 1, np.ones(ones, np.float32))
        return True
