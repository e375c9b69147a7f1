"""Operators that compute the same thing twice."""

from collections.abc import Hashable

import onnx_ir as ir

from portproof.exporter.tflite.integer.record import quantization_of
from portproof.exporter.tflite.passes.graph import bypass
from portproof.exporter.tflite.values import array_of, is_run_time

_SMALL_BYTES = 256
"""Up to which constants are compared by what they hold: parameters; larger ones are shared before, or differ."""
_NOT_REPEATABLE = frozenset({"RANDOM_UNIFORM", "RANDOM_STANDARD_NORMAL", "MULTINOMIAL", "VAR_HANDLE", "READ_VARIABLE"})


class MergeEqual(ir.passes.InPlacePass):
    """The second of two equal operators goes; its readers read the first.

    Given::

        a = CAST(mask);  b = CAST(mask)

    Result: readers of ``b`` read ``a``. What is given out under a name of its own stays.
    """

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """One walk in order is enough: what an operator reads is merged before it is looked at."""
        first: dict[Hashable, ir.Node] = {}
        alone: dict[Hashable, ir.Node | None] = {}
        modified = False
        for node in list(model.graph):
            near = _near(node)
            if near not in alone:
                alone[near] = node
                continue
            earlier, alone[near] = alone[near], None
            if earlier is not None and (known_as := _key(earlier)) is not None:
                first[known_as] = earlier
            key = _key(node)
            known = first.setdefault(key, node) if key is not None else node
            if known is not node and not node.outputs[0].is_graph_output():
                modified |= bypass(model.graph, node, known.outputs[0])
        return ir.passes.PassResult(model, modified)


def _near(node: ir.Node) -> Hashable:
    """Equal for all nodes that `_key` is equal for, and quickly found: most nodes are the only one of theirs."""
    return node.op_type, *(value if is_run_time(value) else None for value in node.inputs)


def _key(node: ir.Node) -> Hashable | None:
    """Equal for nodes that compute the same; None for those that are left alone."""
    if node.op_type in _NOT_REPEATABLE or len(node.outputs) != 1:
        return None
    items = node.attributes.values()
    if any(item.type in (ir.AttributeType.GRAPH, ir.AttributeType.GRAPHS) for item in items):
        return None
    output = node.outputs[0]
    attributes = tuple(sorted((item.name, repr(item.value)) for item in items))
    kind = (None if output.shape is None else output.shape.dims, output.dtype, quantization_of(output))
    return node.op_type, attributes, kind, tuple(_operand(value) for value in node.inputs)


def _operand(value: ir.Value | None) -> Hashable:
    """A value by itself; a small constant by its shape, type and elements."""
    array = array_of(value)
    if array is None or value is None:
        return value
    if array.nbytes > _SMALL_BYTES:
        return id(value.const_value)
    return array.shape, array.dtype, array.tobytes(), quantization_of(value)
