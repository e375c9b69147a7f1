"""What is expanded only to be joined with something as large need not be: MIL's operators broadcast by themselves."""

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.passes.graph import nodes, shape_of

_BROADCASTS = frozenset({"Add", "Sub", "Mul", "Div", "Pow", "And", "Or", "Xor", "Equal", "Greater", "Less", "Where"})
_MASK = 3
"""The place of attn_mask among the inputs of Attention, which is added to the scores."""


class DropExpand(ir.passes.InPlacePass):
    """Readers that broadcast read what was in front of an Expand.

    Given: e = Expand(x [1,4], [3,4]);  y = Div(z [3,4], e)
    Result: y = Div(z, x)

    Args:
        attention: whether a mask counts too: where the scores are a product of matrices and a sum.
    """

    def __init__(self, *, attention: bool) -> None:
        super().__init__()
        self._attention = attention

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """Each reader by itself; the Expand goes when none is left."""
        from onnx_ir.passes import common

        found = [self._bypass(node) for node in nodes(model, "Expand")]
        if any(found):
            common.RemoveUnusedNodesPass()(model)
        return ir.passes.PassResult(model, any(found))

    def _bypass(self, expand: ir.Node) -> bool:
        small = expand.inputs[0]
        readers = [use for use in expand.outputs[0].uses() if self._broadcasts(use.node, use.idx, small)]
        for use in readers:
            use.node.replace_input_with(use.idx, small)
        return bool(readers)

    def _broadcasts(self, reader: ir.Node, place: int, small: ir.Value | None) -> bool:
        if reader.op_type == "Attention":
            rank = len(shape_of(small) or ())
            return self._attention and place == _MASK and rank == len(shape_of(reader.inputs[place]) or ())
        if reader.op_type not in _BROADCASTS or reader.domain not in ("", "ai.onnx"):
            return False
        others = [shape_of(value) for index, value in enumerate(reader.inputs) if index != place]
        return _joined([*others, shape_of(small)]) == shape_of(reader.outputs[0])


def _joined(shapes: Sequence[tuple[int, ...] | None]) -> tuple[int, ...] | None:
    known = [shape for shape in shapes if shape is not None]
    return np.broadcast_shapes(*known) if len(known) == len(shapes) else ()
