"""Tables that rows are taken from, such as embeddings, stay the integers they were."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.integer.moves import behind
from portproof.exporter.tflite.integer.record import Integers, integers_of
from portproof.exporter.tflite.integer.weights import activation_of, along, symmetric
from portproof.exporter.tflite.passes.graph import NodePass
from portproof.exporter.tflite.values import DOMAIN, attribute, constant, set_attribute, shape_of


class IntegerTables(NodePass):
    """Takes rows of integers and makes real numbers of those only.

    Given::

        GATHER(table[float32, that was int8], rows)

    Result, for one scale and for one a row::

        DEQUANTIZE(GATHER(table[int8], rows))
        MUL(CAST(GATHER(table[int8], rows)), GATHER(scales[rows, 1], rows))
    """

    ops = frozenset({"GATHER"})

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Where the table remembers its integers."""
        table = node.inputs[0]
        held = integers_of(table)
        if table is None or held is None:
            return False
        whole = activation_of(table, np.dtype(np.int8))
        if isinstance(whole, ir.Value):
            node.replace_input_with(0, whole)
            behind(graph, node, node.outputs[0], whole)
            return True
        return _by_row(graph, node, held)


def _by_row(graph: ir.Graph, node: ir.Node, held: Integers) -> bool:
    numbers, scales = symmetric(held), along(held.scale, 0, held.numbers.shape)
    if numbers is None or scales is None or numbers.ndim != 2 or attribute(node, "axis", 0) != 0:
        return False
    if attribute(node, "batch_dims", 0):
        return False
    rows, shape = node.inputs[1], shape_of(node.outputs[0])
    taken = _emit(graph, node, "GATHER", [constant(numbers), rows], shape, ir.DataType.INT8)
    steps = _emit(graph, node, "GATHER", [constant(scales[:, None]), rows], (*shape[:-1], 1), ir.DataType.FLOAT)
    whole = _emit(graph, node, "CAST", [taken], shape, ir.DataType.FLOAT)
    node.op_type = "MUL"
    node.attributes.clear()
    set_attribute(node, "fused_activation_function", "NONE")
    node.replace_input_with(0, whole)
    node.replace_input_with(1, steps)
    return True


def _emit(
    graph: ir.Graph, before: ir.Node, op: str, inputs: list[ir.Value | None], shape: tuple[int, ...], kind: ir.DataType
) -> ir.Value:
    value = ir.Value(shape=ir.Shape(shape), type=ir.TensorType(kind))
    node = ir.Node(DOMAIN, op, inputs, outputs=[value])
    if op == "GATHER":
        node.attributes.update(before.attributes)
    node.metadata_props.update(before.metadata_props)
    graph.insert_before(before, node)
    return value
