"""Nodes that give back what they are given."""

import math
from collections.abc import Callable

import numpy as np
import onnx_ir as ir

from portproof.exporter.passes.graph import attribute, constant, nodes, replace, shape_of

_Rule = Callable[[ir.Node], bool]


class RemoveNoOps(ir.passes.InPlacePass):
    """Remove nodes whose output is their first input, element for element and in the same shape.

    Given: a = Dropout(x);  b = Cast(a) to a's own type;  c = Pad(b) by nothing;  y = Relu(c)
    Result: y = Relu(x)

    An output of the graph that is also an input, or another output, keeps its Identity.
    """

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """Remove every such node."""
        modified = False
        for node in nodes(model, *_RULES):
            source = node.inputs[0] if node.inputs else None
            if source is None or any(v.uses() or v.is_graph_output() for v in node.outputs[1:]):
                continue
            if _RULES[node.op_type](node) and replace(node.outputs[0], source):
                model.graph.remove(node, safe=True)
                modified = True
        return ir.passes.PassResult(model, modified)


def _always(_: ir.Node) -> bool:
    return True


def _inference_dropout(node: ir.Node) -> bool:
    if len(node.inputs) < 3 or node.inputs[2] is None:
        return True
    training = constant(node.inputs[2])
    return training is not None and not training.any()


def _same_type(node: ir.Node) -> bool:
    source = node.inputs[0]
    target = node.inputs[1] if node.op_type == "CastLike" else None
    to = target.dtype if target is not None else ir.DataType(attribute(node, "to", 0))
    return source is not None and source.dtype is not None and source.dtype == to


def _same_shape(node: ir.Node) -> bool:
    shape = shape_of(node.inputs[0])
    return shape is not None and shape == shape_of(node.outputs[0])


def _still(node: ir.Node) -> bool:
    """A Transpose that moves no axis, or only axes of size 1 that end where they were."""
    perm = attribute(node, "perm", None)
    return perm is not None and list(perm) == sorted(perm)


def _pads_nothing(node: ir.Node) -> bool:
    pads = constant(node.inputs[1]) if len(node.inputs) > 1 else None
    return pads is not None and not pads.any()


def _whole(node: ir.Node) -> bool:
    """A Slice that takes everything, in order."""
    steps = constant(node.inputs[4]) if len(node.inputs) > 4 else np.ones(1)
    return _same_shape(node) and steps is not None and bool((steps == 1).all())


def _single(node: ir.Node) -> bool:
    return len(node.inputs) == 1


def _neutral(number: float) -> _Rule:
    """An operation with a constant that changes nothing: times 1, plus 0. The second operand only."""

    def rule(node: ir.Node) -> bool:
        shape = shape_of(node.inputs[1])
        array = constant(node.inputs[1]) if shape is not None and math.prod(shape) == 1 else None
        return array is not None and array.flat[0] == number and _same_shape(node)

    return rule


_RULES: dict[str, _Rule] = {
    "Identity": _always,
    "Dropout": _inference_dropout,
    "Cast": _same_type,
    "CastLike": _same_type,
    "Reshape": _same_shape,
    "Flatten": _same_shape,
    "Squeeze": _same_shape,
    "Unsqueeze": _same_shape,
    "Expand": _same_shape,
    "Tile": _same_shape,
    "Transpose": _still,
    "Pad": _pads_nothing,
    "Slice": _whole,
    "Concat": _single,
    "Sum": _single,
    "Max": _single,
    "Min": _single,
    "Mean": _single,
    "Mul": _neutral(1.0),
    "Div": _neutral(1.0),
    "Add": _neutral(0.0),
    "Sub": _neutral(0.0),
}
