"""Reshapes that join the axes in front go behind the operators that do not mind them, where they meet and vanish."""

import math
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter import provenance
from portproof.exporter.passes.graph import add_constant, constant, feeds_only, is_constant, nodes, replace, shape_of

_UNARY = frozenset(
    {"Relu", "Gelu", "Sigmoid", "Tanh", "Erf", "HardSwish", "LeakyRelu", "Elu", "Softplus", "Sqrt", "Neg", "Abs"}
)
_BINARY = frozenset({"Add", "Sub", "Mul", "Div"})


class SinkReshapes(ir.passes.InPlacePass):
    """A layer on more axes, which onnxsim writes as a product of matrices between reshapes, gets its axes back.

    Given: x [2,5,8];  f = Reshape(x, [10,8]);  m = MatMul(f, w);  g = Gelu(m);  y = Reshape(g, [2,5,4])
    Result: m = MatMul(x, w);  y = Gelu(m)
    """

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """Until none can go further down; two in a row become one, and one that changes nothing goes."""
        from onnx_ir.passes import common

        spread = [_spread(node) for node in nodes(model, "Reshape")]
        modified = any(spread)
        while _moved(model):
            modified = True
            common.RemoveUnusedNodesPass()(model)
        return ir.passes.PassResult(model, modified)


def _moved(model: ir.Model) -> bool:
    changes = [_sink(node) or _sink_silu(node) for node in list(model.graph)]
    changes += [_merge(node) for node in nodes(model, "Reshape")]
    return any(changes)


def _spread(last: ir.Node) -> bool:
    """Gives a chain of layers the axes that it has behind it, where it was flattened from yet others.

    Given: f = Reshape(x [2,5,4,2], [10,8]);  m = MatMul(f, w);  y = Reshape(m, [2,5,3])
    Result: a = Reshape(x, [2,5,8]);  f = Reshape(a, [10,8]);  m = MatMul(f, w);  y = Reshape(m, [2,5,3])
    """
    wanted, value = shape_of(last.outputs[0]), last.inputs[0]
    while value is not None and (node := value.producer()) is not None and feeds_only(value):
        place = _operand(node)
        if place is None:
            break
        value = node.inputs[place]
    first = None if value is None else value.producer()
    if first is None or first is last or first.op_type != "Reshape" or not feeds_only(first.outputs[0]):
        return False
    before, flat, behind = shape_of(first.inputs[0]), shape_of(first.outputs[0]), shape_of(last.inputs[0])
    if before is None or flat is None or wanted is None or behind is None or value is last.inputs[0]:
        return False
    axes = (*wanted[:-1], flat[-1])
    if _joins(before, flat) or not _joins(wanted, behind) or not _joins(axes, flat):
        return False
    first.replace_input_with(0, _reshaped(first, first.inputs[0], axes))
    return True


def _operand(node: ir.Node) -> int | None:
    """Which input of a node that keeps the rows of a matrix is that matrix."""
    if len(node.outputs) != 1:
        return None
    if node.op_type in _UNARY or (node.op_type == "MatMul" and _is_matrix(node.inputs[1])):
        return 0
    if node.op_type in _BINARY:
        return next((place for place in (0, 1) if _is_row(node.inputs[1 - place])), None)
    return None


def _sink(node: ir.Node) -> bool:
    """Moves the reshape in front of `node` behind it."""
    place = _place(node)
    if place is None or node.graph is None:
        return False
    first = node.inputs[place].producer()  # type: ignore[union-attr]
    x, y = first.inputs[0], node.outputs[0]  # type: ignore[union-attr]
    before, flat, after = shape_of(x), shape_of(first.outputs[0]), shape_of(y)  # type: ignore[union-attr]
    if before is None or flat is None or after is None or not _joins(before, flat) or after[:-1] != flat[:-1]:
        return False
    inputs = list(node.inputs)
    inputs[place] = x
    wide = _copy(node, inputs, (*before[:-1], after[-1]))
    return replace(y, _reshaped(node, wide, after))


def _sink_silu(product: ir.Node) -> bool:
    """The same for x * sigmoid(x), which reads its x twice."""
    gate = _gate(product)
    x = None if gate is None else gate.inputs[0]
    first = None if x is None else x.producer()
    if gate is None or x is None or first is None or first.op_type != "Reshape" or len(x.uses()) != 2:
        return False
    before, flat = shape_of(first.inputs[0]), shape_of(x)
    if x.is_graph_output() or before is None or flat is None or not _joins(before, flat):
        return False
    wide = _copy(gate, [first.inputs[0]], before)
    y = _copy(product, [first.inputs[0], wide], before)
    return replace(product.outputs[0], _reshaped(product, y, flat))


def _gate(product: ir.Node) -> ir.Node | None:
    """The sigmoid of x in x * sigmoid(x), where nothing else reads it."""
    if product.op_type != "Mul" or product.graph is None:
        return None
    for x, other in (product.inputs, product.inputs[::-1]):
        made = None if other is None else other.producer()
        if made is not None and made.op_type == "Sigmoid" and made.inputs[0] is x and feeds_only(made.outputs[0]):
            return made
    return None


def _joins(before: Sequence[int], flat: Sequence[int]) -> bool:
    """Whether a reshape joins axes in front of the last one and keeps that."""
    return len(before) > len(flat) >= 2 and before[-1] == flat[-1] and math.prod(before) == math.prod(flat)


def _place(node: ir.Node) -> int | None:
    """Which input of `node` may have its reshape moved behind; None where none may."""
    if len(node.outputs) != 1 or node.domain not in ("", "ai.onnx", "com.microsoft"):
        return None
    place = _operand(node)
    return place if place is not None and _is_flat(node.inputs[place]) else None


def _is_flat(value: ir.Value | None) -> bool:
    """Whether a reshape made it, for one reader alone: to move it for one of several would make two of it."""
    made = None if value is None else value.producer()
    return made is not None and made.op_type == "Reshape" and value is not None and feeds_only(value)


def _is_matrix(value: ir.Value | None) -> bool:
    return is_constant(value) and len(shape_of(value) or ()) == 2


def _is_row(value: ir.Value | None) -> bool:
    """A constant that is the same for every row."""
    shape = shape_of(value)
    return is_constant(value) and shape is not None and math.prod(shape[:-1]) == 1 and len(shape) <= 2


def _copy(node: ir.Node, inputs: list[ir.Value | None], shape: Sequence[int]) -> ir.Value:
    inputs = [_row(node, value) for value in inputs]
    copy = ir.Node(node.domain, node.op_type, inputs, list(node.attributes.values()), num_outputs=1, name=node.name)
    copy.outputs[0].name = f"{node.outputs[0].name}/wide"
    copy.outputs[0].shape, copy.outputs[0].type = ir.Shape(shape), node.outputs[0].type
    node.graph.insert_before(node, copy)  # type: ignore[union-attr]
    provenance.inherit(copy, node)
    return copy.outputs[0]


def _row(node: ir.Node, value: ir.Value | None) -> ir.Value | None:
    """A row of one more axis than needed without that axis, so that it fits any number of axes."""
    shape, array = shape_of(value), None
    if node.op_type in _BINARY and is_constant(value) and shape is not None and len(shape) == 2:
        array = constant(value)
    if array is None or value is None:
        return value
    return add_constant(node.graph, array.reshape(-1), f"{value.name}_row")  # type: ignore[arg-type]


def _reshaped(node: ir.Node, value: ir.Value | None, shape: Sequence[int]) -> ir.Value:
    sizes = add_constant(node.graph, np.array(shape, np.int64), f"{node.outputs[0].name}_sizes")  # type: ignore[arg-type]
    reshape = ir.Node("", "Reshape", [value, sizes], num_outputs=1, name=f"{node.name}/Reshape")
    reshape.outputs[0].name = f"{node.outputs[0].name}/flat"
    reshape.outputs[0].shape, reshape.outputs[0].type = ir.Shape(shape), node.outputs[0].type
    node.graph.insert_before(node, reshape)  # type: ignore[union-attr]
    provenance.inherit(reshape, node)
    return reshape.outputs[0]


def _merge(node: ir.Node) -> bool:
    """Two reshapes in a row are the second; one that changes nothing is none."""
    x, y = node.inputs[0], node.outputs[0]
    if x is None or shape_of(y) is None or not is_constant(node.inputs[1]):
        return False
    if shape_of(x) == shape_of(y) and not y.is_graph_output():
        return replace(y, x)
    first = x.producer()
    if first is None or first.op_type != "Reshape" or first.inputs[0] is None or shape_of(first.inputs[0]) is None:
        return False
    sizes = add_constant(node.graph, np.array(shape_of(y), np.int64), f"{y.name}_sizes")  # type: ignore[arg-type]
    node.replace_input_with(0, first.inputs[0])
    node.replace_input_with(1, sizes)
    return True
