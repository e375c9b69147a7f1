"""Operators with one parameter for each axis: any layout, the parameters follow."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.layout.config import Config, Port, layout_rule
from portproof.exporter.tflite.layout.perms import Perm
from portproof.exporter.tflite.values import array_of, attribute, is_run_time, rank_of, replace_constant, set_attribute


class _PerAxis:
    """Data at input 0; `parameters` are inputs with a row for each axis; further inputs have no layout."""

    parameters: tuple[int, ...] = (1,)

    def config(self, node: ir.Node, port: Port, perm: Perm) -> Config | None:
        """The same permutation for data and output."""
        same_rank = rank_of(node.outputs[0]) == len(perm) and node.inputs[0] is not None
        if not same_rank or any(is_run_time(node.inputs[index]) for index in self.parameters):
            return None
        rest = tuple(() if is_run_time(value) else None for value in node.inputs[1:])
        return Config((perm, *rest), (perm,))

    def rewrite(self, node: ir.Node, config: Config) -> None:
        """Puts the rows in storage order."""
        for index in self.parameters:
            array = array_of(node.inputs[index])
            if array is not None:
                replace_constant(node, index, np.ascontiguousarray(array[list(config.outputs[0])]))


@layout_rule("PAD", "PADV2", "MIRROR_PAD", "TILE")
class OneParameter(_PerAxis):
    """Paddings or repeats."""


@layout_rule("BROADCAST_TO")
class BroadcastTo(_PerAxis):
    """A shape; the input may have fewer axes, then the layout is the literal one."""

    def config(self, node: ir.Node, port: Port, perm: Perm) -> Config | None:
        """As the others, for equal ranks."""
        data = node.inputs[0]
        if data is None or rank_of(data) != rank_of(node.outputs[0]):
            return None
        return super().config(node, port, perm)


@layout_rule("SLICE")
class Slice(_PerAxis):
    """Begin and size."""

    parameters = (1, 2)


@layout_rule("STRIDED_SLICE")
class StridedSlice(_PerAxis):
    """Begin, end and strides, with a bit for each axis in two masks."""

    parameters = (1, 2, 3)

    def config(self, node: ir.Node, port: Port, perm: Perm) -> Config | None:
        """As the others, unless the operator adds or removes axes."""
        reshaping = ("ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
        if any(attribute(node, name, 0) for name in reshaping):
            return None
        return super().config(node, port, perm)

    def rewrite(self, node: ir.Node, config: Config) -> None:
        """Moves the bits of the masks too."""
        super().rewrite(node, config)
        for name in ("begin_mask", "end_mask"):
            mask = attribute(node, name, 0)
            moved = sum(((mask >> axis) & 1) << place for place, axis in enumerate(config.outputs[0]))
            set_attribute(node, name, moved)
