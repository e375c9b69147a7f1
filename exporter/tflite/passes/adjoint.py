"""A transposed right operand is read the other way round by the product itself."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.layout.perms import identity
from portproof.exporter.tflite.passes.graph import NodePass, producer_of
from portproof.exporter.tflite.values import (
    DOMAIN,
    array_of,
    attribute,
    constant,
    ints_of,
    is_run_time,
    set_attribute,
    shape_of,
)


class TransposeIntoBatchMatmul(NodePass):
    """Leaves the innermost axis of the right operand where it is.

    Given::

        BATCH_MATMUL(q, TRANSPOSE(k[1,197,3,64], [0,2,3,1]))

    Result::

        BATCH_MATMUL(q, TRANSPOSE(k[1,197,3,64], [0,2,1,3]), adj_y=1)

    where a transpose that is left without an effect is left out. Kernels and XNNPACK take `adj_y` at no cost.
    """

    ops = frozenset({"BATCH_MATMUL"})

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Only where the transpose moves the innermost axis to the second place from the end."""
        transpose = producer_of(node.inputs[1], "TRANSPOSE")
        source, order = (transpose.inputs[0], transpose.inputs[1]) if transpose is not None else (None, None)
        if transpose is None or source is None or order is None or array_of(order) is None or not is_run_time(source):
            return False
        perm = ints_of(order)
        if perm[-2] != len(perm) - 1:
            return False
        perm = [*perm[:-2], perm[-1], perm[-2]]
        set_attribute(node, "adj_y", int(not attribute(node, "adj_y", 0)))
        node.replace_input_with(1, source if tuple(perm) == identity(len(perm)) else _moved(graph, transpose, perm))
        return True


def _moved(graph: ir.Graph, transpose: ir.Node, perm: list[int]) -> ir.Value:
    source, old = transpose.inputs[0], transpose.outputs[0]
    shape = shape_of(old)
    new = ir.Value(shape=ir.Shape([*shape[:-2], shape[-1], shape[-2]]), type=old.type)
    node = ir.Node(DOMAIN, "TRANSPOSE", [source, constant(np.array(perm, np.int32))], outputs=[new])
    node.metadata_props.update(transpose.metadata_props)
    graph.insert_after(transpose, node)
    return new
