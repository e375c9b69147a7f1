"""Operators along one axis, or a few: any layout, the axis follows."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.layout.config import Config, Port, layout_rule
from portproof.exporter.tflite.layout.perms import Perm
from portproof.exporter.tflite.values import array_of, attribute, is_run_time, rank_of, replace_constant, set_attribute


def moved_axis(axis: int, perm: Perm) -> int:
    """Where logical `axis` (it may be negative) is in storage."""
    return perm.index(axis % len(perm))


def move_axis_input(node: ir.Node, index: int, perm: Perm) -> None:
    """Replaces the constant axes at input `index` by where they are in storage; shape and type are kept."""
    array = array_of(node.inputs[index])
    if array is None:
        raise ValueError(f"{node.op_type} has axes computed at run time")
    moved = [moved_axis(int(axis), perm) for axis in array.reshape(-1)]
    replace_constant(node, index, np.array(moved, dtype=array.dtype).reshape(array.shape))


@layout_rule("CONCATENATION")
class Concatenation:
    """All inputs alike; the axis is an attribute."""

    def config(self, node: ir.Node, port: Port, perm: Perm) -> Config | None:
        """The same permutation everywhere."""
        return Config((perm,) * len(node.inputs), (perm,))

    def rewrite(self, node: ir.Node, config: Config) -> None:
        """Moves the axis."""
        set_attribute(node, "axis", moved_axis(attribute(node, "axis", 0), config.outputs[0]))


class _AxisInput:
    """Data at input `data`, constant axes at input `axis`, outputs with the axes of the data."""

    data = 0
    axis = 1

    def config(self, node: ir.Node, port: Port, perm: Perm) -> Config | None:
        """The same permutation for the data and all outputs."""
        if is_run_time(node.inputs[self.axis]):
            return None
        inputs = tuple(perm if index == self.data else None for index in range(len(node.inputs)))
        return Config(inputs, (perm,) * len(node.outputs))

    def rewrite(self, node: ir.Node, config: Config) -> None:
        """Moves the axes."""
        move_axis_input(node, self.axis, config.outputs[0])


@layout_rule("CUMSUM", "REVERSE_V2")
class DataThenAxis(_AxisInput):
    """Data, then axes."""


@layout_rule("SPLIT")
class Split(_AxisInput):
    """The axis, then the data."""

    data, axis = 1, 0


@layout_rule("SPLIT_V")
class SplitV(_AxisInput):
    """Data, sizes, axis."""

    data, axis = 0, 2


@layout_rule("GATHER")
class Gather:
    """Along one axis with indices of rank 1 the axes stay what they are; other indices change the rank."""

    def config(self, node: ir.Node, port: Port, perm: Perm) -> Config | None:
        """The same permutation for data and output."""
        indices = node.inputs[1]
        if indices is None or rank_of(indices) != 1 or attribute(node, "batch_dims", 0):
            return None
        return Config((perm, (0,) if is_run_time(indices) else None), (perm,))

    def rewrite(self, node: ir.Node, config: Config) -> None:
        """Moves the axis."""
        set_attribute(node, "axis", moved_axis(attribute(node, "axis", 0), config.outputs[0]))
