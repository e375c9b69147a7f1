"""Pairs of QUANTIZE and DEQUANTIZE, tidied before layouts are chosen."""

from collections.abc import Iterator

import onnx_ir as ir

from portproof.exporter.tflite.integer.kernels import MOVES
from portproof.exporter.tflite.integer.record import (
    Quantization,
    per_tensor,
    quantization_of,
    set_quantization,
)
from portproof.exporter.tflite.passes.graph import NodePass, bypass, producer_of
from portproof.exporter.tflite.values import DOMAIN, array_of, attribute, is_run_time

UNSIGNED_OFFSET = 128


class SignedPairs(NodePass):
    """uint8 between two halves of a pair as int8, whose zero point is 128 less: the same real numbers.

    Given::

        DEQUANTIZE(QUANTIZE(x) -> uint8, zero point 128)

    Result::

        DEQUANTIZE(QUANTIZE(x) -> int8, zero point 0)

    A uint8 input of the graph stays; a QUANTIZE behind it makes int8 of it.
    """

    ops = frozenset({"DEQUANTIZE"})

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Changes the tensor that `node` reads."""
        value, found = node.inputs[0], quantization_of(node.inputs[0])
        if value is None or found is None or value.dtype != ir.DataType.UINT8:
            return False
        signed = per_tensor(found.scale, found.zero_point - UNSIGNED_OFFSET)
        if producer_of(value, "QUANTIZE") is None:
            node.replace_input_with(0, _requantized(graph, node, value, signed))
        elif all(use.node.op_type == "DEQUANTIZE" for use in value.uses()):
            value.type = ir.TensorType(ir.DataType.INT8)
            set_quantization(value, signed)
        else:
            return False
        return True


def _requantized(graph: ir.Graph, before: ir.Node, value: ir.Value, quantization: Quantization) -> ir.Value:
    result = ir.Value(shape=value.shape, type=ir.TensorType(ir.DataType.INT8))
    set_quantization(result, quantization)
    node = ir.Node(DOMAIN, "QUANTIZE", [value], outputs=[result])
    node.metadata_props.update(before.metadata_props)
    graph.insert_before(before, node)
    return result


class DropPairs(NodePass):
    """A pair around numbers that are multiples of its scale already changes nothing.

    Given::

        DEQUANTIZE(QUANTIZE(RESHAPE(DEQUANTIZE(q))))

    Result::

        RESHAPE(DEQUANTIZE(q))

    where both have the same parameters; the passes that move data see through it then.
    """

    ops = frozenset({"DEQUANTIZE"})

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Looks up from the QUANTIZE in front of `node` through what only moves data."""
        value = node.inputs[0]
        pair = producer_of(value, "QUANTIZE")
        found = quantization_of(value)
        if value is None or pair is None or found is None or pair.inputs[0] is None:
            return False
        if not holds_multiples(pair.inputs[0], found, value.dtype):
            return False
        return bypass(graph, node, pair.inputs[0])


def holds_multiples(value: ir.Value, quantization: Quantization, dtype: ir.DataType | None) -> bool:
    """Whether every number of `value` is one that integers of `dtype` with `quantization` stand for."""
    waiting, seen = [value], set[ir.Value]()
    while waiting:
        item = waiting.pop()
        if item in seen:
            continue
        seen.add(item)
        node = item.producer()
        if node is None:
            return False
        if node.op_type == "DEQUANTIZE":
            source = node.inputs[0]
            if quantization_of(source) != quantization or source is None or source.dtype != dtype:
                return False
        elif not only_moves(node):
            return False
        else:
            waiting.extend(data_of(node))
    return True


def only_moves(node: ir.Node) -> bool:
    """Whether the output of `node` holds numbers of its run-time inputs and zeros, nothing else."""
    kernel = MOVES.get(node.op_type)
    if kernel is None or node.op_type == "PADV2" or attribute(node, "fused_activation_function", "NONE") != "NONE":
        return False
    return all(is_run_time(value) and array_of(value) is None for value in data_of(node))


def data_of(node: ir.Node) -> Iterator[ir.Value]:
    """The inputs of a mover that hold the data."""
    kernel = MOVES[node.op_type]
    indices = range(len(node.inputs)) if kernel.data is None else kernel.data
    for index in indices:
        value = node.inputs[index]
        if value is not None:
            yield value
