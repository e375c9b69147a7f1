"""Dynamic layers as LiteRT computes them: a scale for each row of an input, where ONNX has one for the tensor.

For judging only: what is written keeps its DynamicQuantizeLinear, which LiteRT's kernels take for their own. XNNPACK
quantizes each row of a matrix product, and each image of a convolution, by its own least and largest value.
"""

from typing import TYPE_CHECKING

import numpy as np

from portproof.calibration.graph.access import add_constant, names_kept

if TYPE_CHECKING:
    from collections.abc import Sequence

    import onnx_ir as ir
    from numpy.typing import NDArray

_AXES_ARE_INPUTS = 18
_LARGEST = 255.0


def with_row_scales(model: "ir.Model") -> "ir.Model":
    """The model that `write.write` gave, changed in place: the noise of its dynamic layers is LiteRT's.

    Given: ``y = DequantizeLinear(DynamicQuantizeLinear(x))``
    Result: ``y = (clip(round(x / s) + z, 0, 255) - z) * s``, s and z from the extremes of each row
    """
    with names_kept():
        for node in [node for node in model.graph if node.op_type == "DynamicQuantizeLinear"]:
            for use in list(node.outputs[0].uses()):
                if use.node.op_type == "DequantizeLinear" and node.inputs[0] is not None:
                    _Rounding(model, use.node).replace(node.inputs[0])
    return model


class _Rounding:
    """The nodes in place of one DequantizeLinear."""

    def __init__(self, model: "ir.Model", node: "ir.Node") -> None:
        self.model, self.node, self.made = model, node, 0

    def replace(self, x: "ir.Value") -> None:
        zero, tiny = self.constant(0.0), self.constant(float(np.finfo(np.float32).tiny))
        low = self.add("Min", self.reduced("ReduceMin", x), zero)
        high = self.add("Max", self.reduced("ReduceMax", x), zero)
        step = self.add("Max", self.add("Div", self.add("Sub", high, low), self.constant(_LARGEST)), tiny)
        shift = self.add("Round", self.add("Neg", self.add("Div", low, step)))
        number = self.add("Add", self.add("Round", self.add("Div", x, step)), shift)
        inside = self.add("Clip", number, zero, self.constant(_LARGEST))
        result = self.add("Mul", self.add("Sub", inside, shift), step)
        self.node.outputs[0].replace_all_uses_with(result)

    def reduced(self, op_type: str, x: "ir.Value") -> "ir.Value":
        rank = len(x.shape) if x.shape is not None else 1
        axes = self.axes(rank)
        if self.model.opset_imports.get("", 1) >= _AXES_ARE_INPUTS:
            return self.add(op_type, x, self.constant(np.asarray(axes, np.int64)), keepdims=1)
        return self.add(op_type, x, axes=axes, keepdims=1)

    def axes(self, rank: int) -> "Sequence[int]":
        """What a row is made of: of a convolution's input all but the first axis, else the last."""
        is_convolution = any(use.node.op_type in ("Conv", "ConvTranspose") for use in self.node.outputs[0].uses())
        return list(range(1, rank)) if is_convolution else [rank - 1]

    def add(self, op_type: str, *inputs: "ir.Value", **attributes: object) -> "ir.Value":
        import onnx_ir as ir

        self.made += 1
        name = f"{self.node.outputs[0].name}_row_{self.made}"
        node = ir.node(op_type, list(inputs), dict(attributes), name=name)  # type: ignore[arg-type]  # numbers
        node.outputs[0].name = name
        node.outputs[0].type = self.node.outputs[0].type
        self.model.graph.insert_before(self.node, node)
        return node.outputs[0]

    def constant(self, number: "float | NDArray[np.int64]") -> "ir.Value":
        array = np.asarray(number, np.float32) if isinstance(number, float) else number
        return add_constant(self.model.graph, array, f"{self.node.outputs[0].name}_of_rows")
