"""What a normalisation adds less, products behind it add more: channels of uneven means take less range around zero.

y w + b = (y - m) w + (b + m w): the normalisation's own bias takes m, so that nothing more is computed. (Outlier
Suppression+, Wei et al., arXiv:2304.09145.)
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from portproof.calibration.graph.access import add_constant, attribute, constant, is_constant, shape_of

if TYPE_CHECKING:
    import onnx_ir as ir

Floats = NDArray[np.float64]

_BIAS = 2


def has_shift(maker: "ir.Node", products: "tuple[ir.Node, ...]") -> bool:
    """Whether a normalisation has a bias of its own, and every product behind it one that is a constant, or none."""
    if maker.op_type != "LayerNormalization" or len(maker.inputs) <= _BIAS or not is_constant(maker.inputs[_BIAS]):
        return False
    return all(_bias_of(node) is not None for node in products)


def add_shift(model: "ir.Model", node: "ir.Node", more: Floats) -> None:
    """Add `more` [outputs] to the bias of a product, which gets a constant of its own."""
    found = _bias_of(node)
    if found is None:
        return
    holder, index = found
    old = holder.inputs[index] if index < len(holder.inputs) else None
    array = constant(old)
    before = np.zeros(len(more)) if array is None else np.asarray(array, np.float64) * float(_factor(holder))
    dtype = _dtype(node)
    made = add_constant(model.graph, ((before + more) / float(_factor(holder))).astype(dtype), f"{node.name}_bias")
    if index < len(holder.inputs):
        holder.replace_input_with(index, made)
    else:
        holder.resize_inputs(index + 1)
        holder.replace_input_with(index, made)
    if old is not None and not old.uses() and not old.is_graph_output():
        model.graph.initializers.pop(old.name or "", None)


def _factor(holder: "ir.Node") -> float:
    """What a Gemm multiplies its bias with."""
    return float(attribute(holder, "beta", 1.0)) if holder.op_type == "Gemm" else 1.0


def _dtype(node: "ir.Node") -> np.dtype[Any]:
    return np.asarray(constant(node.inputs[1])).dtype


def _bias_of(node: "ir.Node") -> "tuple[ir.Node, int] | None":
    """The node and the place of a product's bias: of a Gemm its own, of a MatMul that of the Add behind it."""
    if node.op_type == "Gemm":
        held = node.inputs[_BIAS] if len(node.inputs) > _BIAS else None
        sound = attribute(node, "alpha", 1.0) == 1.0 and attribute(node, "beta", 1.0) != 0.0
        return (node, _BIAS) if sound and (held is None or _is_row(held, node)) else None
    users = [use.node for use in node.outputs[0].uses()]
    if len(users) != 1 or users[0].op_type != "Add" or node.outputs[0].is_graph_output():
        return None
    index = 1 if users[0].inputs[0] is node.outputs[0] else 0
    held = users[0].inputs[index]
    return (users[0], index) if held is not None and _is_row(held, node) else None


def _is_row(value: "ir.Value", node: "ir.Node") -> bool:
    """Whether a constant holds one number for each output of a product."""
    last = (shape_of(node.outputs[0]) or (0,))[-1]
    return is_constant(value) and shape_of(value) == (last,)
