"""Inputs and outputs of a file as integers."""

import onnx_ir as ir

from portproof.exporter.tflite.integer.compute import quantizers
from portproof.exporter.tflite.integer.record import copy_quantization
from portproof.exporter.tflite.passes.graph import producer_of, remove_dead


def integer_ends(graph: ir.Graph) -> None:
    """Leaves the first QUANTIZE and the last DEQUANTIZE to the app, which finds scale and zero point in the file.

    Given::

        x[float32] -> QUANTIZE -> CONV_2D -> DEQUANTIZE -> y[float32]

    Result::

        x[int8] -> CONV_2D -> y[int8]

    An input that is read otherwise too, and an output that is computed in float32, stay as they are.
    """
    for index, value in enumerate(list(graph.inputs)):
        if readers := quantizers(value):
            graph.inputs[index] = _integer_input(graph, value, readers)
    for index, value in enumerate(list(graph.outputs)):
        source = producer_of(value, "DEQUANTIZE")
        integers = source.inputs[0] if source is not None else None
        if integers is not None and not value.uses() and _may_be_output(integers):
            graph.outputs[index] = integers
            integers.name, value.name = value.name, None
    remove_dead(graph)


def _integer_input(graph: ir.Graph, value: ir.Value, readers: list[ir.Node]) -> ir.Value:
    like = readers[0].outputs[0]
    result = ir.Value(name=value.name, shape=value.shape, type=like.type)
    copy_quantization(like, result)
    for reader in readers:
        ir.convenience.replace_all_uses_with(reader.outputs[0], result)
    for reader in readers:
        graph.remove(reader, safe=True)
    value.name = None
    return result


def _may_be_output(value: ir.Value) -> bool:
    """Whether a tensor can take an output's name: it is computed, and no other output."""
    return value.producer() is not None and not value.is_graph_output()
