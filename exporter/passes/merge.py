"""Chains of reshapes, and of transposes, become one node."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.passes.graph import add_constant, attribute, nodes, shape_of

_RESHAPES = ("Reshape", "Flatten", "Squeeze", "Unsqueeze")


class MergeReshapes(ir.passes.InPlacePass):
    """A reshape of a reshape reads the first one's input.

    Given: a = Flatten(x);  y = Unsqueeze(a)
    Result: y = Reshape(x, shape of y)
    """

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """Merge where the last shape is known; elements keep their order in any reshape."""
        modified = False
        for node in nodes(model, *_RESHAPES):
            source = _through(node)
            shape = shape_of(node.outputs[0])
            if source is None or shape is None:
                continue
            target = add_constant(model.graph, np.array(shape, np.int64), f"{node.outputs[0].name}_shape")
            _rewire(node, "Reshape", [source, target], {"allowzero": 1} if 0 in shape else {})
            modified = True
        return ir.passes.PassResult(model, modified)


class MergeTransposes(ir.passes.InPlacePass):
    """A transpose of a transpose reads the first one's input, with both permutations in one.

    Given: a = Transpose(x, perm=[0, 2, 3, 1]);  y = Transpose(a, perm=[0, 3, 1, 2])
    Result: y = Transpose(x, perm=[0, 1, 2, 3])    (which RemoveNoOps removes)
    """

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """Merge every chain."""
        modified = False
        for node in nodes(model, "Transpose"):
            first = node.inputs[0].producer() if node.inputs[0] is not None else None
            if first is None or first.op_type != "Transpose" or first.domain not in ("", "ai.onnx"):
                continue
            inner, outer = attribute(first, "perm", None), attribute(node, "perm", None)
            if inner is None or outer is None:
                continue
            node.attributes["perm"] = ir.AttrInt64s("perm", [inner[k] for k in outer])
            node.replace_input_with(0, first.inputs[0])
            modified = True
        return ir.passes.PassResult(model, modified)


def _through(node: ir.Node) -> ir.Value | None:
    """The input of the reshape that `node` reads, when it reads one."""
    first = node.inputs[0].producer() if node.inputs[0] is not None else None
    if first is None or first.op_type not in _RESHAPES or first.domain not in ("", "ai.onnx"):
        return None
    return first.inputs[0]


def _rewire(node: ir.Node, op_type: str, inputs: list[ir.Value], attributes: dict[str, int]) -> None:
    node.op_type = op_type
    node.attributes.clear()
    for name, number in attributes.items():
        node.attributes[name] = ir.AttrInt64(name, number)
    node.resize_inputs(len(inputs))
    for k, value in enumerate(inputs):
        node.replace_input_with(k, value)
