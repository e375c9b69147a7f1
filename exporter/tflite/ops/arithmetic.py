"""Arithmetic of two inputs with broadcasting."""

import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary
from portproof.exporter.tflite.registry import onnx_op

_BINARY = {"Add": "ADD", "Sub": "SUB", "Mul": "MUL"}


@onnx_op("Add", "Sub", "Mul", since=7)
def add_sub_mul(b: Builder, x: ir.Value, y: ir.Value, *, op_type: str) -> ir.Value:
    """The kernels have the same broadcasting."""
    return binary(b, _BINARY[op_type], x, y)
