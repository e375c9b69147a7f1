"""Functions of one number that are one kernel: Exp, Log, Sin, Cos, Floor, Ceil, Round."""

import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import unary
from portproof.exporter.tflite.make.widened import FLOAT, widened
from portproof.exporter.tflite.registry import onnx_op

_KERNELS = {"Exp": "EXP", "Log": "LOG", "Floor": "FLOOR", "Ceil": "CEIL", "Round": "ROUND", "Sin": "SIN", "Cos": "COS"}


@onnx_op("Exp", "Log", "Floor", "Ceil")
@onnx_op("Sin", "Cos", since=7)
@onnx_op("Round", since=11)
def elementary(b: Builder, x: ir.Value, *, op_type: str) -> ir.Value:
    """The kernels have the same meaning; halves are rounded to the even neighbour by both."""
    return widened(b, FLOAT, [x], lambda p: unary(b, _KERNELS[op_type], p))
