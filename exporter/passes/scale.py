"""Arithmetic with per-channel constants after a convolution goes into its weights and bias."""

from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from portproof.exporter.passes.affine import absorb, channels, linear_producer
from portproof.exporter.passes.graph import constant, nodes, shape_of, take_over


class FoldScale(ir.passes.InPlacePass):
    """Fold Mul, Div, Add and Sub by a constant per channel into the Conv, ConvTranspose or Gemm before.

    Given: a = Conv(x, w, b);  y = Mul(a, s), s of shape [1,C,1,1]
    Result: y = Conv(x, w * s, b * s)
    """

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """Fold wherever the other operand is one number or one number a channel."""
        modified = False
        for node in nodes(model, "Mul", "Div", "Add", "Sub"):
            for side in (0, 1):
                if _fold(node, side):
                    modified = True
                    break
        return ir.passes.PassResult(model, modified)


def _fold(node: ir.Node, side: int) -> bool:
    """Fold with the convolution on `side`; a constant minus or divided by a convolution is not of this form."""
    if side == 1 and node.op_type == "Div":
        return False
    before = linear_producer(node.inputs[side])
    operand = constant(node.inputs[1 - side])
    if before is None or operand is None or shape_of(node.outputs[0]) != shape_of(node.inputs[side]):
        return False
    vector = _per_channel(operand, node.inputs[side], channels(before))
    if vector is None:
        return False
    absorb(before, *_affine(node.op_type, side, vector))
    take_over(before, node)
    return True


def _affine(op_type: str, side: int, vector: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    one, zero = np.ones_like(vector), np.zeros_like(vector)
    if op_type == "Mul":
        return vector, zero
    if op_type == "Div":
        return one / vector, zero
    if op_type == "Add":
        return one, vector
    return (one, -vector) if side == 0 else (-one, vector)


def _per_channel(operand: NDArray[Any], value: ir.Value | None, count: int) -> NDArray[Any] | None:
    """The operand as float64 [count] when it varies along axis 1 only, else None."""
    shape = shape_of(value)
    if shape is None or operand.ndim > len(shape) or operand.dtype.kind != "f":
        return None
    wide = operand.reshape([1] * (len(shape) - operand.ndim) + list(operand.shape)).astype(np.float64)
    if wide.size != wide.shape[1] or wide.size not in (1, count):
        return None
    return np.broadcast_to(wide.reshape(-1), (count,)).copy()
