"""``y = scale * op(x) + shift``, per output channel, computed by the op's own weights and bias.

For Conv, ConvTranspose and Gemm with constant weights the product is linear in them, so scaling the output of a
channel is scaling its weights: exact in the reals, and done here in float64 so that one rounding is left.
"""

from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from portproof.calibration.graph.access import add_constant, attribute, constant, feeds_only, is_constant

OPS = ("Conv", "ConvTranspose", "Gemm")


def linear_producer(value: ir.Value | None) -> ir.Node | None:
    """The node that makes a value, when `absorb` can change it and nothing else reads the value."""
    node = value.producer() if value is not None else None
    if value is None or node is None or node.op_type not in OPS or node.domain not in ("", "ai.onnx"):
        return None
    if not feeds_only(value) or not is_constant(node.inputs[1]):
        return None
    bias = node.inputs[2] if len(node.inputs) > 2 else None
    if bias is not None and not is_constant(bias):
        return None
    # Gemm's bias may be a matrix, and has a factor of its own.
    plain = node.op_type != "Gemm" or (attribute(node, "beta", 1.0) == 1.0 and attribute(node, "alpha", 1.0) == 1.0)
    return node if plain else None


def channels(node: ir.Node) -> int:
    """The number of output channels of a node that `linear_producer` gave."""
    shape = node.inputs[1].shape.numpy()  # type: ignore[union-attr]
    if node.op_type == "ConvTranspose":
        return int(shape[1]) * int(attribute(node, "group", 1))
    if node.op_type == "Gemm":
        return int(shape[0 if attribute(node, "transB", 0) else 1])
    return int(shape[0])


def absorb(node: ir.Node, scale: NDArray[Any], shift: NDArray[Any]) -> None:
    """Change weights and bias so that the node gives ``scale * y + shift``; both are float64 of shape [channels].

    The weights are replaced by new ones, never written to: another node may read them.
    """
    graph, weight = node.graph, node.inputs[1]
    array, old = constant(weight), constant(node.inputs[2]) if len(node.inputs) > 2 else None
    if graph is None or weight is None or array is None:
        return
    bias = shift if old is None else old.astype(np.float64) * scale + shift
    scaled = _scale_weight(node, array.astype(np.float64), scale)
    bias_name = node.inputs[2].name if old is not None and node.inputs[2] is not None else f"{weight.name}_bias"
    node.resize_inputs(3)
    node.replace_input_with(1, add_constant(graph, scaled.astype(array.dtype), f"{weight.name}_folded"))
    node.replace_input_with(2, add_constant(graph, bias.astype(array.dtype), f"{bias_name}_folded"))


def _scale_weight(node: ir.Node, weight: NDArray[Any], scale: NDArray[Any]) -> NDArray[Any]:
    """Weights are [out, in/group, ...] of Conv, [in, out/group, ...] of ConvTranspose, a matrix of Gemm."""
    rest = [1] * (weight.ndim - 2)
    if node.op_type == "ConvTranspose":
        group = int(attribute(node, "group", 1))
        split = weight.reshape(group, weight.shape[0] // group, *weight.shape[1:])
        factor = scale.reshape(group, 1, weight.shape[1], *rest)
        return np.asarray(split * factor).reshape(weight.shape)
    if node.op_type == "Gemm" and not attribute(node, "transB", 0):
        return np.asarray(weight * scale)
    return np.asarray(weight * scale.reshape(-1, 1, *rest))
