"""Slices of a fixed size at a place computed at run time, as a loop that walks along an axis has them."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.passes.graph import constant, shape_of

_SAME = frozenset({"Identity", "Cast", "Unsqueeze", "Squeeze", "Reshape"})
"""What leaves the one number that it is given as it is."""
_STEPS = {"Add": 1, "Sub": -1}


class InferWindows(ir.passes.InPlacePass):
    """Fill in the shape of a Slice along one axis whose end is its start and a constant; what is known stays.

    Given: float[8,4] x;  int64[1] e = Add(s, two);  y = Slice(x, s, e, zero)
    Result: float[2,4] y

    Where a window reaches beyond the axis ONNX cuts it off: such a run has another shape than this one, in the file as
    in the source.
    """

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """Looks at every Slice of the main graph."""
        nodes = [node for node in model.graph if node.op_type == "Slice" and node.domain in ("", "ai.onnx")]
        return ir.passes.PassResult(model, any([_infer(node) for node in nodes]))  # noqa: C419 (all of them)


def _infer(node: ir.Node) -> bool:
    data, output = (node.inputs[0] if node.inputs else None), node.outputs[0]
    shape = shape_of(data)
    if shape is None or len(node.inputs) < 3 or shape_of(output) is not None:
        return False
    axis, size = _axis(node, len(shape)), _size(node)
    if axis is None or size is None or not 0 < size <= shape[axis]:
        return False
    output.shape = ir.Shape([size if other == axis else count for other, count in enumerate(shape)])
    return True


def _axis(node: ir.Node, rank: int) -> int | None:
    """The only axis, sliced in steps of 1; None where there are others."""
    axes, steps = (node.inputs[index] if len(node.inputs) > index else None for index in (3, 4))
    step = constant(steps)
    if shape_of(node.inputs[1]) != (1,) or (steps is not None and (step is None or step.tolist() != [1])):
        return None
    named = np.zeros(1, np.int64) if axes is None else constant(axes)
    return None if named is None or not -rank <= int(named[0]) < rank else int(named[0]) % rank


def _size(node: ir.Node) -> int | None:
    """The end less the start, where both are the same number and a constant."""
    (start, before), (end, after) = (_origin(node.inputs[index]) for index in (1, 2))
    return after - before if start is end and start is not None else None


def _origin(value: ir.Value | None) -> tuple[ir.Value | None, int]:
    """The number that `value` is made of, and the constant that was added to it."""
    added = 0
    while value is not None and (node := value.producer()) is not None:
        if node.op_type in _SAME:
            value = node.inputs[0]
        elif node.op_type in _STEPS and (number := constant(node.inputs[1])) is not None and number.size == 1:
            value, added = node.inputs[0], added + _STEPS[node.op_type] * int(number.reshape(-1)[0])
        elif node.op_type == "Add" and (number := constant(node.inputs[0])) is not None and number.size == 1:
            value, added = node.inputs[1], added + int(number.reshape(-1)[0])
        else:
            break
    return value, added
