"""RESHAPE: axes that are split or merged stay together; whole groups of axes may change places.

Splitting C into 2 x C/2 in an NCHW tensor is the same bytes as splitting the last axis of the NHWC tensor: so a
reshape passes a permutation on as long as each group of axes it mixes is stored in order.
"""

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.layout.config import Config, Port, layout_rule
from portproof.exporter.tflite.layout.perms import Perm, key, permute, with_order
from portproof.exporter.tflite.values import is_run_time, replace_constant, set_attribute, shape_of

Group = tuple[list[int], list[int]]


def groups(before: Sequence[int], after: Sequence[int]) -> list[Group]:
    """The finest pairing of runs of axes with equal products; axes of one element belong to none."""
    left = [axis for axis, size in enumerate(before) if size != 1]
    right = [axis for axis, size in enumerate(after) if size != 1]
    result: list[Group] = []
    while left or right:
        ins, outs = [left.pop(0)], [right.pop(0)]
        a, b = before[ins[0]], after[outs[0]]
        while a != b:
            if a < b:
                ins.append(left.pop(0))
                a *= before[ins[-1]]
            else:
                outs.append(right.pop(0))
                b *= after[outs[-1]]
        result.append((ins, outs))
    return result


def pass_on(perm: Perm, before: Sequence[int], after: Sequence[int]) -> Perm | None:
    """The permutation of a tensor of shape `after` that stores the same bytes as `before` with `perm`, or None."""
    if 0 in before:
        return None
    by_first = {ins[0]: (ins, outs) for ins, outs in groups(before, after)}
    stored, order = list(key(perm, before)), list[int]()
    while stored:
        ins, outs = by_first.get(stored[0], ([], []))
        if not ins or stored[: len(ins)] != ins:
            return None
        del stored[: len(ins)]
        order += outs
    return with_order(tuple(order), after)


@layout_rule("RESHAPE")
class Reshape:
    """The shape is written twice: as a parameter and as an attribute."""

    def config(self, node: ir.Node, port: Port, perm: Perm) -> Config | None:
        """Passes the permutation through, in either direction."""
        data = node.inputs[0]
        if data is None or (len(node.inputs) > 1 and is_run_time(node.inputs[1])):
            return None
        before, after = shape_of(data), shape_of(node.outputs[0])
        other = pass_on(perm, after, before) if port.is_output else pass_on(perm, before, after)
        if other is None:
            return None
        rest = (None,) * (len(node.inputs) - 1)
        return Config((other, *rest), (perm,)) if port.is_output else Config((perm, *rest), (other,))

    def rewrite(self, node: ir.Node, config: Config) -> None:
        """Writes the shape in storage order."""
        shape = permute(shape_of(node.outputs[0]), config.outputs[0])
        replace_constant(node, 1, np.array(shape, dtype=np.int32))
        set_attribute(node, "new_shape", shape)
