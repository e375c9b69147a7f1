"""Reshapes that only exporters need: rows counted as one axis for a linear layer."""

import onnx_ir as ir

from portproof.exporter.tflite.passes.graph import NodePass, producer_of
from portproof.exporter.tflite.passes.reshapes import reshape_node
from portproof.exporter.tflite.values import Array, array_of, constant, set_attribute, shape_of

_UNARY = frozenset(
    {
        "ABS",
        "ELU",
        "EXP",
        "GELU",
        "HARD_SWISH",
        "LEAKY_RELU",
        "LOGISTIC",
        "NEG",
        "RELU",
        "RELU6",
        "SQRT",
        "SQUARE",
        "TANH",
    }
)
_BINARY = frozenset({"ADD", "DIV", "MUL", "SUB"})
_MOST_AXES = 4
"""Of the data of FULLY_CONNECTED that delegates take."""


class SinkRows(NodePass):
    """Moves a flattening of the leading axes behind the operators that treat each row alike.

    Given::

        RESHAPE(FULLY_CONNECTED(RESHAPE(x[1,8,4], [8,4])), [1,8,6])

    Result::

        FULLY_CONNECTED(x[1,8,4], keep_num_dims=1)

    with the two reshapes merged away. What else reads the flattened rows keeps them.
    """

    ops = _UNARY | _BINARY | {"FULLY_CONNECTED"}

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Reads in front of the reshape; a reshape of the result takes its place."""
        value = node.inputs[0]
        data = next((item for item in node.inputs if item is not None and array_of(item) is None), None)
        source = _unflattened(data)
        if value is None or data is None or source is None or node.outputs[0].is_graph_output():
            return False
        shape = shape_of(source)
        if node.op_type == "FULLY_CONNECTED":
            if not _multiplies_rows(node, data) or len(shape) > _MOST_AXES:
                return False
            set_attribute(node, "keep_num_dims", 1)
            node.replace_input_with(0, source)
        elif not _replace_operands(node, source):
            return False
        _reshape_result(graph, node, (*shape[:-1], shape_of(node.outputs[0])[-1]))
        return True


def _unflattened(value: ir.Value | None) -> ir.Value | None:
    """What `value` is a flattening of, in which the last axis is the same."""
    reshape = producer_of(value, "RESHAPE")
    source = reshape.inputs[0] if reshape is not None else None
    if value is None or source is None:
        return None
    before, after = shape_of(source), shape_of(value)
    return source if len(after) == 2 < len(before) and before[-1] == after[-1] else None


def _multiplies_rows(node: ir.Node, data: ir.Value) -> bool:
    weights = array_of(node.inputs[1])
    return node.inputs[0] is data and weights is not None and weights.shape[1] == shape_of(data)[-1]


def _replace_operands(node: ir.Node, source: ir.Value) -> bool:
    """Run-time operands must be flattenings of one shape; constant ones have a number a column, or one for all."""
    operands: list[ir.Value] = []
    for value in node.inputs:
        array = array_of(value)
        other = _unflattened(value) if array is None else _column_vector(array, shape_of(source))
        if other is None or (array is None and shape_of(other) != shape_of(source)):
            return False
        operands.append(other)
    for index, operand in enumerate(operands):
        node.replace_input_with(index, operand)
    return True


def _column_vector(array: Array, shape: tuple[int, ...]) -> ir.Value | None:
    """The constant as an operand beside a tensor of `shape`: one number a column, or one for all."""
    if array.size == 1:
        return constant(array.reshape(()))
    if array.size != shape[-1] or array.shape[-1] != array.size:
        return None
    return constant(array.reshape((1,) * (len(shape) - 1) + (-1,)))


def _reshape_result(graph: ir.Graph, node: ir.Node, shape: tuple[int, ...]) -> None:
    old = node.outputs[0]
    new = ir.Value(shape=old.shape, type=old.type)
    ir.convenience.replace_all_uses_with(old, new)
    after = reshape_node(old, list(shape_of(old)), new)
    after.metadata_props.update(node.metadata_props)
    old.shape = ir.Shape(shape)
    graph.insert_after(node, after)
