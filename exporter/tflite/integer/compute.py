"""Float operators between DEQUANTIZE and QUANTIZE become integer kernels."""

import onnx_ir as ir

from portproof.exporter.tflite.integer.forms import Form, integer_form
from portproof.exporter.tflite.integer.kernels import COMPUTING
from portproof.exporter.tflite.integer.record import (
    Quantization,
    copy_quantization,
    per_tensor,
    quantization_of,
    set_quantization,
)
from portproof.exporter.tflite.passes.graph import NodePass, bypass, producer_of
from portproof.exporter.tflite.values import DOMAIN, dtype_of, is_run_time, set_attribute

_LEAST_RATIO, _MOST_RATIO = 2.0**-8, 2.0**7


class ComputeIntegers(NodePass):
    """Computes in integers what the model quantizes on both sides, where a kernel does so.

    Given::

        QUANTIZE(CONV_2D(DEQUANTIZE(q), w, b, RELU6))

    Result::

        CONV_2D(q, w[int8], b[int32], RELU6)

    A kernel that prescribes the parameters of its result is followed by a QUANTIZE to those that the model has. What
    has no such form stays in float32.
    """

    ops = frozenset(COMPUTING)

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Looks at what reads the result first: it must be quantized, in one way."""
        readers = quantizers(node.outputs[0])
        if not readers:
            return False
        target = readers[0].outputs[0]
        wanted = quantization_of(target)
        form = "" if wanted is None else integer_form(node, wanted, dtype_of(target))
        if isinstance(form, str) or wanted is None:
            return False
        _apply(graph, node, form)
        for reader in readers:
            if form.result == wanted and form.dtype == dtype_of(target):
                bypass(graph, reader, node.outputs[0])
        return True


class Requantize(NodePass):
    """Integers that become other integers do so without floats between.

    Given::

        QUANTIZE(DEQUANTIZE(q))

    Result: ``q`` where the parameters are the same, else ``QUANTIZE(q)``.
    """

    ops = frozenset({"QUANTIZE"})

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Reads in front of the DEQUANTIZE."""
        source = producer_of(node.inputs[0], "DEQUANTIZE")
        integers = source.inputs[0] if source is not None else None
        if integers is None or not is_run_time(integers) or quantization_of(integers) is None:
            return False
        result = node.outputs[0]
        if result.dtype == integers.dtype and quantization_of(result) == quantization_of(integers):
            return bypass(graph, node, integers)
        if not _converts(quantization_of(integers), quantization_of(result)):
            return False
        node.replace_input_with(0, integers)
        return True


def _converts(source: Quantization | None, target: Quantization | None) -> bool:
    """Whether XNNPACK takes a QUANTIZE between the two (`xnn_define_unary` of kind convert); else floats go between."""
    if source is None or target is None:
        return False
    ratio = source.scale / target.scale
    return _LEAST_RATIO <= ratio <= _MOST_RATIO


def quantizers(value: ir.Value) -> list[ir.Node]:
    """The readers of `value`, where all are QUANTIZE with the same parameters; else none."""
    readers = list(dict.fromkeys(use.node for use in value.uses()))
    if value.is_graph_output() or any(reader.op_type != "QUANTIZE" for reader in readers):
        return []
    kinds = {(reader.outputs[0].dtype, quantization_of(reader.outputs[0])) for reader in readers}
    return readers if len(kinds) == 1 else []


def _apply(graph: ir.Graph, node: ir.Node, form: Form) -> None:
    kind = ir.DataType.from_numpy(form.dtype)
    node.resize_inputs(max(len(node.inputs), max(form.operands) + 1))
    for index, operand in form.operands.items():
        narrow = is_run_time(operand) and operand.dtype != kind
        node.replace_input_with(index, _widened(graph, node, operand, kind) if narrow else operand)
    node.op_type = form.op or node.op_type
    for name, setting in form.attributes.items():
        set_attribute(node, name, setting)
    node.outputs[0].type = ir.TensorType(kind)
    set_quantization(node.outputs[0], form.result)


def _widened(graph: ir.Graph, before: ir.Node, value: ir.Value, kind: ir.DataType) -> ir.Value:
    """Integers of 8 bits as those of 16, which have no zero point: the same numbers."""
    found = quantization_of(value)
    result = ir.Value(shape=value.shape, type=ir.TensorType(kind))
    set_quantization(result, per_tensor(found.scale if found is not None else 1.0, 0))
    node = ir.Node(DOMAIN, "QUANTIZE", [value], outputs=[result])
    node.metadata_props.update(before.metadata_props)
    graph.insert_before(before, node)
    return result


def spread(graph: ir.Graph) -> None:
    """Gives the results of moves of integers the parameters of what is moved, where a pass has left them out."""
    for node in graph:
        if node.op_type in ("RESHAPE", "TRANSPOSE", "SLICE", "SPLIT"):
            data = node.inputs[1 if node.op_type == "SPLIT" else 0]
            for output in node.outputs:
                if data is not None and quantization_of(output) is None:
                    copy_quantization(data, output)
