"""Reductions: any layout; without `keep_dims` the output has the axes that are left, in the same order."""

import onnx_ir as ir

from portproof.exporter.tflite.layout.config import Config, Port, layout_rule
from portproof.exporter.tflite.layout.perms import Perm
from portproof.exporter.tflite.layout.rules.axis import move_axis_input
from portproof.exporter.tflite.values import attribute, ints_of, is_run_time, rank_of


def without_axes(perm: Perm, axes: set[int]) -> Perm:
    """`perm` of what is left when the logical `axes` are removed and the others renumbered."""
    left = sorted(set(perm) - axes)
    return tuple(left.index(axis) for axis in perm if axis not in axes)


def with_axes(perm: Perm, axes: set[int]) -> Perm:
    """A permutation that `without_axes` turns into `perm`; the removed axes stay where they are."""
    rank = len(perm) + len(axes)
    left = [axis for axis in range(rank) if axis not in axes]
    rest = iter(perm)
    return tuple(axis if axis in axes else left[next(rest)] for axis in range(rank))


class _Reducing:
    """Data at input 0, constant axes at input 1."""

    def config(self, node: ir.Node, port: Port, perm: Perm) -> Config | None:
        """The input's permutation decides the output's, and the other way round."""
        if is_run_time(node.inputs[1]) or node.inputs[0] is None or node.inputs[1] is None:
            return None
        axes = {axis % max(rank_of(node.inputs[0]), 1) for axis in ints_of(node.inputs[1])}
        if self._keeps(node):
            return Config((perm, None), (perm,))
        if port.is_output:
            return Config((with_axes(perm, axes), None), (perm,))
        return Config((perm, None), (without_axes(perm, axes),))

    def rewrite(self, node: ir.Node, config: Config) -> None:
        """Moves the axes."""
        if config.inputs[0]:
            move_axis_input(node, 1, config.inputs[0])

    def _keeps(self, node: ir.Node) -> bool:
        return bool(attribute(node, "keep_dims", 0))


@layout_rule("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD", "REDUCE_ANY", "REDUCE_ALL")
class Reduction(_Reducing):
    """The reducers of TFLite."""


@layout_rule("ARG_MAX", "ARG_MIN")
class ArgExtreme(_Reducing):
    """One axis, always removed."""

    def _keeps(self, node: ir.Node) -> bool:
        return False
