"""Reshapes and transposes that move nothing: merged, cancelled, or moved to where they cancel."""

import math
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.integer.record import copy_quantization, moved
from portproof.exporter.tflite.layout.perms import identity, key
from portproof.exporter.tflite.passes.graph import NodePass, bypass, only_use, producer_of
from portproof.exporter.tflite.values import (
    DOMAIN,
    array_of,
    attribute,
    constant,
    ints_of,
    is_run_time,
    replace_constant,
    set_attribute,
    shape_of,
)

_SHAPELESS = """ABS ADD CEIL CAST COS DIV ELU EXP FLOOR GELU HARD_SWISH LEAKY_RELU LOG LOGISTIC MAXIMUM MINIMUM MUL NEG
    POW RELU RELU6 RELU_0_TO_1 RELU_N1_TO_1 ROUND RSQRT SIN SQRT SQUARE SQUARED_DIFFERENCE SUB TANH"""


def reshape_node(value: ir.Value, shape: list[int], result: ir.Value) -> ir.Node:
    """A RESHAPE of `value` into `result`."""
    options = [ir.convenience.convert_attribute("new_shape", shape)]
    return ir.Node(DOMAIN, "RESHAPE", [value, constant(np.array(shape, np.int32))], options, outputs=[result])


def reshaped(like: ir.Value, shape: Sequence[int]) -> ir.Value:
    """A value of the elements of another, as it is stored, in another shape."""
    value = ir.Value(shape=ir.Shape(shape), type=like.type)
    copy_quantization(like, value)
    return value


def insert_like(graph: ir.Graph, before: ir.Node, new: ir.Node, source: ir.Node) -> None:
    """Put a node in front of another, of the same origin in the user's model as `source`."""
    new.metadata_props.update(source.metadata_props)
    graph.insert_before(before, new)


class TransposeToReshape(NodePass):
    """A transpose of axes of one element is a reshape.

    Given::

        y[1,1,8] = TRANSPOSE(x[1,8,1], perm=[0,2,1])

    Result::

        y[1,1,8] = RESHAPE(x, [1,1,8])
    """

    ops = frozenset({"TRANSPOSE"})

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Replaces the node where the order of the other axes is kept."""
        value, order = node.inputs
        if value is None or order is None or array_of(order) is None:
            return False
        shape, perm = shape_of(value), tuple(ints_of(order))
        if key(perm, shape) != key(identity(len(shape)), shape):
            return False
        node.op_type = "RESHAPE"
        replace_constant(node, 1, np.array([shape[axis] for axis in perm], np.int32))
        set_attribute(node, "new_shape", [shape[axis] for axis in perm])
        return True


class MergeTransposes(NodePass):
    """A transpose of a transpose is one transpose."""

    ops = frozenset({"TRANSPOSE"})

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Reads what the first transpose read; the first goes when nobody else reads it."""
        first = producer_of(node.inputs[0], "TRANSPOSE")
        if first is None or array_of(first.inputs[1]) is None or array_of(node.inputs[1]) is None:
            return False
        outer, inner = ints_of(_given(node, 1)), ints_of(_given(first, 1))
        order = [inner[axis] for axis in outer]
        if order == sorted(order):
            return bypass(graph, node, _given(first, 0))
        node.replace_input_with(0, first.inputs[0])
        replace_constant(node, 1, np.array(order, np.int32))
        return True


class MergeReshapes(NodePass):
    """A reshape of a reshape is one reshape, and one that keeps the shape is none."""

    ops = frozenset({"RESHAPE"})

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Reads what the first reshape read."""
        value = _given(node, 0)
        first = producer_of(value, "RESHAPE")
        if first is not None:
            node.replace_input_with(0, first.inputs[0])
            return True
        return shape_of(value) == shape_of(node.outputs[0]) and bypass(graph, node, value)


class HoistReshape(NodePass):
    """Moves a reshape behind the operator that reads it, where the operator does not care about shapes.

    Given::

        CONV_2D[1,1,L,C] -> RESHAPE[1,L,C] -> RELU -> RESHAPE[1,1,L,C] -> CONV_2D

    Result::

        CONV_2D[1,1,L,C] -> RELU -> RESHAPE[1,L,C] -> RESHAPE[1,1,L,C] -> CONV_2D

    so that the activation is fused and the reshapes cancel. Operands of two run-time inputs must all be reshaped
    from one shape; a constant operand must be able to follow.
    """

    ops = frozenset(_SHAPELESS.split())

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Swaps `node` with the reshapes in front of it."""
        shape = shape_of(node.outputs[0])
        before = _common_source_shape(node, shape)
        if before is None or node.outputs[0].is_graph_output():
            return False
        operands = [_moved_operand(value, shape, before) for value in node.inputs]
        if any(operand is None for operand in operands):
            return False
        old = [value.producer() for value in node.inputs if value is not None and is_run_time(value)]
        for index, operand in enumerate(operands):
            node.replace_input_with(index, operand)
        for reshape in {id(item): item for item in old if item is not None}.values():
            graph.remove(reshape, safe=True)
        self._reshape_result(graph, node, list(shape), list(before))
        return True

    @staticmethod
    def _reshape_result(graph: ir.Graph, node: ir.Node, shape: list[int], before: list[int]) -> None:
        old = node.outputs[0]
        new = ir.Value(shape=ir.Shape(shape), type=old.type)
        copy_quantization(old, new)
        ir.convenience.replace_all_uses_with(old, new)
        old.shape = ir.Shape(before)
        after = reshape_node(old, shape, new)
        after.metadata_props.update(node.metadata_props)
        graph.insert_after(node, after)


def _common_source_shape(node: ir.Node, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """The one shape from which all run-time operands are reshaped, each read by `node` alone."""
    found = set()
    for value in node.inputs:
        if value is None or not is_run_time(value):
            continue
        reshape = producer_of(value, "RESHAPE")
        if reshape is None or shape_of(value) != shape or only_use(value) is not node:
            return None
        found.add(shape_of(_given(reshape, 0)))
    return found.pop() if len(found) == 1 else None


def _moved_operand(value: ir.Value | None, shape: tuple[int, ...], before: tuple[int, ...]) -> ir.Value | None:
    """The operand as the moved operator reads it, or None where it cannot follow."""
    if value is None:
        return None
    array = array_of(value)
    if array is None:
        reshape = value.producer()
        return reshape.inputs[0] if reshape is not None else None
    if array.size == 1:
        return moved(value, lambda numbers: numbers.reshape(()))
    broadcast = _broadcast_shape(array.shape, shape, before)
    return None if broadcast is None else moved(value, lambda numbers: numbers.reshape(broadcast))


def _broadcast_shape(
    operand: tuple[int, ...], shape: tuple[int, ...], before: tuple[int, ...]
) -> tuple[int, ...] | None:
    """`operand`, which broadcasts to `shape`, as it broadcasts to `before`; None unless only axes of 1 differ."""
    solid = [size for size in shape if size != 1]
    if solid != [size for size in before if size != 1] or len(operand) != len(shape):
        return None
    sizes = iter([held for held, size in zip(operand, shape, strict=True) if size != 1])
    result = tuple(next(sizes) if size != 1 else 1 for size in before)
    return result if math.prod(result) == math.prod(operand) else None


class ReduceThenReshape(NodePass):
    """A reduction whose kept axes of 1 are then dropped drops them itself.

    Given::

        RESHAPE(MEAN(x, [1,2], keep_dims=1), [N,C])

    Result::

        MEAN(x, [1,2], keep_dims=0)
    """

    ops = frozenset({"RESHAPE"})
    reducers = frozenset({"MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD"})

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Replaces the pair when the shapes fit."""
        value = _given(node, 0)
        reducer = value.producer()
        if reducer is None or reducer.op_type not in self.reducers or only_use(value) is not node:
            return False
        axes = reducer.inputs[1]
        if not attribute(reducer, "keep_dims", 0) or axes is None or array_of(axes) is None:
            return False
        full = shape_of(value)
        dropped = {axis % len(full) for axis in ints_of(axes)}
        left = tuple(size for axis, size in enumerate(full) if axis not in dropped)
        if left != shape_of(node.outputs[0]):
            return False
        set_attribute(reducer, "keep_dims", 0)
        value.shape = ir.Shape(left)
        return bypass(graph, node, value) or _restore(reducer, value, full)


def _restore(reducer: ir.Node, value: ir.Value, shape: tuple[int, ...]) -> bool:
    set_attribute(reducer, "keep_dims", 1)
    value.shape = ir.Shape(shape)
    return False


def _given(node: ir.Node, index: int) -> ir.Value:
    value = node.inputs[index]
    if value is None:
        raise ValueError(f"{node.op_type} lacks input {index}")
    return value
