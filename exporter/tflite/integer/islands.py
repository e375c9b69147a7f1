"""What is computed in float32 beside integer kernels, and why: nothing stays float without a word."""

from dataclasses import dataclass

import onnx_ir as ir

from portproof.exporter.provenance import where
from portproof.exporter.tflite.integer.compute import quantizers
from portproof.exporter.tflite.integer.forms import integer_form
from portproof.exporter.tflite.integer.record import quantization_of
from portproof.exporter.tflite.passes.graph import inner_graphs
from portproof.exporter.tflite.values import dtype_of, is_constant, is_run_time

_NO_PAIR = "the model does not quantize its result, or in several ways"
_BETWEEN = frozenset({"QUANTIZE", "DEQUANTIZE"})


@dataclass(frozen=True, kw_only=True)
class Island:
    """A float32 operator in a graph with integer kernels.

    Attributes:
        op: TFLite's name.
        tensor: what it computes, by its name in the file; empty where it has none of its own.
        where: the torch module and line, where known.
        why: why it is not computed in integers.
        quantized: whether the model quantizes its result: it wanted integers.
    """

    op: str
    tensor: str
    where: str
    why: str
    quantized: bool = False


def islands(graph: ir.Graph) -> list[Island]:
    """The float32 operators beside others that quantize when they run, in order of execution, inner graphs first."""
    found = []
    for part in (*inner_graphs(graph), graph):
        if any(node.op_type == "QUANTIZE" for node in part):
            found += [_island(node) for node in part if _computes_floats(node)]
    return found


def integer_kernels(graph: ir.Graph) -> dict[str, int]:
    """How many operators give quantized integers, by name; QUANTIZE apart."""
    found: dict[str, int] = {}
    for node in graph.all_nodes():
        if node.op_type not in _BETWEEN and quantization_of(node.outputs[0]) is not None:
            found[node.op_type] = found.get(node.op_type, 0) + 1
    return dict(sorted(found.items()))


def _computes_floats(node: ir.Node) -> bool:
    if node.op_type in _BETWEEN or not node.outputs or node.outputs[0].dtype != ir.DataType.FLOAT:
        return False
    if len(node.inputs) > 1 and is_constant(node.inputs[1]) and quantization_of(node.inputs[1]) is not None:
        return False  # int8 weights with activations quantized by the kernel
    return any(is_run_time(value) for value in node.inputs)


def _island(node: ir.Node) -> Island:
    readers = quantizers(node.outputs[0])
    return Island(
        op=node.op_type,
        tensor=node.outputs[0].name or "",
        where=where(node),
        why=_why(node, readers[0].outputs[0]) if readers else _NO_PAIR,
        quantized=bool(readers),
    )


def _why(node: ir.Node, target: ir.Value) -> str:
    wanted = quantization_of(target)
    form = integer_form(node, wanted, dtype_of(target)) if wanted is not None else ""
    return form if isinstance(form, str) and form else "no integer form was chosen"
