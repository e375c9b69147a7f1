"""One slice of an axis, without the axis, is one operator."""

import numpy as np
import onnx_ir as ir

from portproof.exporter import provenance
from portproof.exporter.passes.graph import add_constant, constant, feeds_only, is_constant, nodes, replace, shape_of


class SliceToGather(ir.passes.InPlacePass):
    """MIL slices and drops the axis in one ``slice_by_index``; a Gather of one constant place is written so.

    Given: s = Slice(x, [1], [2], [0]) of x [3,1,4];  y = Squeeze(s, [0]), or a Reshape to [1,4]
    Result: y = Gather<axis = 0>(x, 1)
    """

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """Replace the squeeze of each; the slice goes when nobody else reads it."""
        from onnx_ir.passes import common

        found = [_replace(node) for node in nodes(model, "Squeeze", "Reshape")]
        if any(found):
            common.RemoveUnusedNodesPass()(model)
        return ir.passes.PassResult(model, any(found))


def _replace(last: ir.Node) -> bool:
    sliced = last.inputs[0].producer() if last.inputs[0] is not None else None
    if sliced is None or sliced.op_type != "Slice" or last.graph is None or not feeds_only(sliced.outputs[0]):
        return False
    before, after = shape_of(sliced.inputs[0]), shape_of(last.outputs[0])
    place = _place(sliced, before)
    if before is None or after is None or place is None:
        return False
    axis, index = place
    if after != (*before[:axis], *before[axis + 1 :]):
        return False
    at = add_constant(last.graph, np.array(index, np.int64), f"{last.outputs[0].name}_at")
    gather = ir.Node(
        "", "Gather", [sliced.inputs[0], at], [ir.AttrInt64("axis", axis)], num_outputs=1, name=sliced.name
    )
    gather.outputs[0].name = f"{last.outputs[0].name}/gathered"
    gather.outputs[0].shape, gather.outputs[0].type = last.outputs[0].shape, last.outputs[0].type
    last.graph.insert_before(last, gather)
    provenance.inherit(gather, sliced)
    return replace(last.outputs[0], gather.outputs[0])


def _place(sliced: ir.Node, before: tuple[int, ...] | None) -> tuple[int, int] | None:
    """The axis and the place on it, where the slice is one wide on one axis and whole on the others."""
    parameters = [constant(value) for value in sliced.inputs[1:]]
    if before is None or len(parameters) < 3 or any(item is None or item.size != 1 for item in parameters):
        return None
    start, _, axis = (int(item.reshape(-1)[0]) for item in parameters[:3] if item is not None)
    axis %= len(before)
    sizes = shape_of(sliced.outputs[0])
    if sizes is None or sizes[axis] != 1 or not all(map(is_constant, sliced.inputs[1:])):
        return None
    return axis, min(max(start + before[axis] if start < 0 else start, 0), before[axis] - 1)
