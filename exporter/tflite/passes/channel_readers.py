"""What can read channels in another order, because its constants can be put into that order too."""

from collections.abc import Set

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.integer.record import replace_moved
from portproof.exporter.tflite.values import array_of, attribute, ints_of, is_constant, rank_of, shape_of

_UNARY = """ABS CEIL COS DEQUANTIZE ELU EXP FLOOR GELU HARD_SWISH LEAKY_RELU LOG LOGISTIC NEG QUANTIZE RELU RELU6
    RELU_0_TO_1 RELU_N1_TO_1 ROUND RSQRT SIN SQRT SQUARE TANH"""
ALONE = frozenset({*_UNARY.split(), "MAX_POOL_2D", "AVERAGE_POOL_2D"})
"""Operators of one operand that treat every channel alike, and alone."""
Order = list[int]
"""For each place on the last axis the channel that is there now."""


def takes_any_order(value: ir.Value, skip: Set[ir.Node] = frozenset()) -> bool:
    """Whether all that reads `value`, directly or behind operators that keep channels apart, can be reordered.

    Args:
        value: of rank 1 or more.
        skip: readers of `value` that do not count.
    """
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if item.is_graph_output() or not item.uses():
            return False
        for use in item.uses():
            if use.node in skip or _mixes(use.node, use.idx):
                continue
            if not _keeps_apart(use.node, use.idx):
                return False
            waiting.append(use.node.outputs[0])
    return True


def reorder(value: ir.Value, order: Order, skip: Set[ir.Node] = frozenset()) -> None:
    """Puts the constants of all that reads `value` into `order`.

    Args:
        value: takes any order (`takes_any_order`).
        order: for each place on its last axis the channel that is there now.
        skip: readers to leave alone.
    """
    waiting = [value]
    while waiting:
        for use in list(waiting.pop().uses()):
            if use.node in skip:
                continue
            _reorder_constants(use.node, order)
            if not _mixes(use.node, use.idx):
                waiting.append(use.node.outputs[0])


def _mixes(node: ir.Node, index: int) -> bool:
    """Whether `node` sums over the channels it reads as input `index`, with weights of its own for each."""
    if node.op_type not in ("CONV_2D", "FULLY_CONNECTED") or index != 0 or node.inputs[0] is None:
        return False
    weights = array_of(node.inputs[1])
    return weights is not None and weights.shape[-1] == shape_of(node.inputs[0])[-1]


def _keeps_apart(node: ir.Node, index: int) -> bool:
    """Whether each channel of the only output is made of the same one of input `index`, and of constants."""
    data = node.inputs[index]
    if data is None or len(node.outputs) != 1 or not rank_of(data):
        return False
    if node.op_type in ALONE:
        return True
    parameter = array_of(node.inputs[1]) if len(node.inputs) > 1 and index == 0 else None
    if parameter is None:
        return False
    if node.op_type in ("PAD", "PADV2"):
        return not parameter[-1].any()
    if node.op_type == "MEAN":
        return not {-1, rank_of(data) - 1} & set(ints_of(_given(node, 1)))
    return node.op_type == "DEPTHWISE_CONV_2D" and _one_filter_each(node, parameter.shape[-1], shape_of(data)[-1])


def _one_filter_each(node: ir.Node, filters: int, channels: int) -> bool:
    biases = [array_of(value) for value in node.inputs[2:]]
    return attribute(node, "depth_multiplier", 1) == 1 and filters == channels and all(b is not None for b in biases)


def _reorder_constants(node: ir.Node, order: Order) -> None:
    if node.op_type in ("CONV_2D", "FULLY_CONNECTED", "DEPTHWISE_CONV_2D"):
        _reorder_constant(node, 1, order)
    if node.op_type == "DEPTHWISE_CONV_2D" and len(node.inputs) > 2:
        _reorder_constant(node, 2, order)


def _reorder_constant(node: ir.Node, index: int, order: Order) -> None:
    if is_constant(node.inputs[index]):
        replace_moved(node, index, lambda array: np.ascontiguousarray(array[..., order]))


def _given(node: ir.Node, index: int) -> ir.Value:
    value = node.inputs[index]
    if value is None:
        raise ValueError(f"{node.op_type} has no input {index}")
    return value
