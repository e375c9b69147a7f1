"""Concat."""

import math

import onnx_ir as ir

from portproof.exporter.lowering.axes import resolve_axis
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast
from portproof.exporter.tflite.make.carrier import carried
from portproof.exporter.tflite.make.movement import concat, reshape
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import dtype_of, shape_of

CONCATENATION_TYPES = frozenset({"float32", "float16", "int8", "int16", "int32", "int64", "uint8", "uint32", "bool"})
KERNEL_RANK = 6
"""XNNPACK takes a CONCATENATION of a higher rank and then fails to prepare it."""


@onnx_op("Concat", since=4, note="not float64, uint64")
def concat_(b: Builder, *parts: ir.Value, axis: int) -> ir.Value:
    """One kernel; above rank 6 the axes on either side are merged."""
    shape = shape_of(parts[0])
    along = resolve_axis(axis, len(shape))
    operands = [carried(b, part, CONCATENATION_TYPES, "Concat") for part in parts]
    if len(shape) <= KERNEL_RANK:
        return cast(b, concat(b, operands, along), dtype_of(parts[0]))
    outer, inner = math.prod(shape[:along]), math.prod(shape[along + 1 :])
    merged = [reshape(b, part, (outer, shape_of(part)[along], inner)) for part in operands]
    joined = cast(b, concat(b, merged, 1), dtype_of(parts[0]))
    return reshape(b, joined, (*shape[:along], shape_of(joined)[1], *shape[along + 1 :]))
