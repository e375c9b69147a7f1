"""Operators over the last axis, or the last two: the axes in front of them may be in any order."""

import onnx_ir as ir

from portproof.exporter.tflite.integer.record import replace_moved
from portproof.exporter.tflite.layout.config import Config, Port, layout_rule
from portproof.exporter.tflite.layout.perms import Perm, identity
from portproof.exporter.tflite.values import (
    attribute,
    is_constant,
    is_run_time,
    rank_of,
    set_attribute,
    shape_of,
)


@layout_rule("SOFTMAX", "LOG_SOFTMAX", "L2_NORMALIZATION")
class LastAxis:
    """The last logical axis must be the last in storage."""

    def config(self, node: ir.Node, port: Port, perm: Perm) -> Config | None:
        """The same permutation in and out."""
        return Config((perm,), (perm,)) if perm and perm[-1] == len(perm) - 1 else None

    def rewrite(self, node: ir.Node, config: Config) -> None:
        """Nothing depends on the layout."""


@layout_rule("FULLY_CONNECTED")
class FullyConnected:
    """With `keep_num_dims` it multiplies along the last axis; without, it flattens in storage order."""

    def config(self, node: ir.Node, port: Port, perm: Perm) -> Config | None:
        """The same permutation in and out, parameters aside; what is flattened may have any, behind the batch."""
        rest = tuple(identity(rank_of(v)) if v is not None and is_run_time(v) else None for v in node.inputs[1:])
        rank = len(perm)
        if not attribute(node, "keep_num_dims", 0):
            data = node.inputs[0]
            batch = data is not None and shape_of(data)[:1] == shape_of(node.outputs[0])[:1]
            flattens = not port.is_output and rank > 2 and perm[0] == 0 and batch and is_constant(node.inputs[1])
            return Config((perm, *rest), ((0, 1),)) if flattens else None
        if perm[-1] != rank - 1 or rank != rank_of(node.outputs[0]):
            return None
        return Config((perm, *rest), (perm,))

    def rewrite(self, node: ir.Node, config: Config) -> None:
        """The columns of the weights follow what is flattened."""
        data, perm = node.inputs[0], config.inputs[0]
        if attribute(node, "keep_num_dims", 0) or data is None or not is_constant(node.inputs[1]) or perm is None:
            return
        sizes, order = shape_of(data)[1:], (0, *perm[1:])
        replace_moved(node, 1, lambda rows: rows.reshape(len(rows), *sizes).transpose(order).reshape(rows.shape))


@layout_rule("BATCH_MATMUL")
class BatchMatmul:
    """The batch axes in the same order everywhere; the matrices as they are, or the right one transposed (`adj_y`)."""

    def config(self, node: ir.Node, port: Port, perm: Perm) -> Config | None:
        """The same permutation everywhere but for the last two axes of the right operand; equal ranks."""
        rank = rank_of(node.outputs[0])
        ranks = {rank_of(value) for value in node.inputs if value is not None}
        plain = (*perm[:-2], rank - 2, rank - 1)
        if ranks != {rank} or sorted(perm) != sorted(plain):
            return None
        if perm == plain:
            return Config((plain, plain), (plain,))
        return Config((plain, perm), (plain,)) if port == Port(False, 1) else None

    def rewrite(self, node: ir.Node, config: Config) -> None:
        """A right operand stored the other way round is read the other way round."""
        if config.inputs[1] != config.inputs[0]:
            set_attribute(node, "adj_y", int(not attribute(node, "adj_y", 0)))
