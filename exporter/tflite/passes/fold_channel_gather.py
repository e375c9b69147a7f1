"""A choice of channels goes into the weights in front of it."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.integer.record import replace_moved
from portproof.exporter.tflite.passes.channel_readers import ALONE
from portproof.exporter.tflite.passes.graph import NodePass, bypass, only_use
from portproof.exporter.tflite.values import Array, array_of, attribute, is_constant, rank_of, shape_of

_LINEAR = frozenset({"CONV_2D", "FULLY_CONNECTED"})


class FoldChannelGather(NodePass):
    """Computes channels in the order in which they are wanted.

    Given (a pixel shuffle as torch has it)::

        DEPTH_TO_SPACE(GATHER(RELU(CONV_2D(x, w, b)), order, axis=3))

    Result::

        DEPTH_TO_SPACE(RELU(CONV_2D(x, w[order], b[order])))

    where nobody else reads what is between, and no more channels are wanted than there are. XNNPACK has no GATHER.
    """

    ops = frozenset({"GATHER"})

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Goes up from the gather to the linear operator."""
        data, index = node.inputs[0], array_of(node.inputs[1])
        if data is None or index is None or index.ndim != 1 or attribute(node, "batch_dims", 0):
            return False
        channels = shape_of(data)[-1] if rank_of(data) else 0
        if attribute(node, "axis", 0) % rank_of(data) != rank_of(data) - 1 or index.size > channels:
            return False
        chain = _chain(node)
        if not chain or any(array_of(value) is None for value in chain[-1].inputs[1:]):
            return False
        if not bypass(graph, node, data):
            return False
        for item in chain:
            item.outputs[0].shape = ir.Shape([*shape_of(item.outputs[0])[:-1], index.size])
        for place in range(1, len(chain[-1].inputs)):
            _choose(chain[-1], place, index)
        return True


def _chain(node: ir.Node) -> list[ir.Node]:
    """What computes the gather's input, upwards to the linear operator; nothing if another operator mixes channels."""
    chain: list[ir.Node] = []
    reader = node
    while True:
        value = reader.inputs[0]
        producer = value.producer() if value is not None else None
        if value is None or producer is None or only_use(value) is not reader:
            return []
        chain.append(producer)
        if producer.op_type in _LINEAR:
            return chain
        if producer.op_type not in ALONE:
            return []
        reader = producer


def _choose(node: ir.Node, place: int, index: Array) -> None:
    if is_constant(node.inputs[place]):
        replace_moved(node, place, lambda array: np.ascontiguousarray(array[index]))
