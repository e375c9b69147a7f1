"""Gather along one axis."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.axes import resolve_axis
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast
from portproof.exporter.tflite.make.carrier import carried
from portproof.exporter.tflite.make.indices import wrap
from portproof.exporter.tflite.make.movement import gather
from portproof.exporter.tflite.make.taken import is_moves, taken
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, constant, dtype_of, shape_of

GATHER_TYPES = frozenset({"float32", "float16", "int8", "int16", "int32", "int64", "uint8", "bool"})


@onnx_op("Gather", note="not float64, uint64, unless the indices are constant neighbours")
def gather_(b: Builder, x: ir.Value, indices: ir.Value, *, axis: int) -> ir.Value:
    """Negative indices count from the end; constant ones that only move neighbours are a SLICE and a TRANSPOSE."""
    shape = shape_of(x)
    along = resolve_axis(axis, len(shape))
    wanted = wrap(b, indices, shape[along])
    index, data = array_of(wanted), array_of(x)
    if index is not None and data is not None:
        return constant(np.ascontiguousarray(np.take(data, index, along)))
    if index is not None and is_moves(x, index):
        return taken(b, x, index, along)
    return cast(b, gather(b, carried(b, x, GATHER_TYPES, "Gather"), wanted, along), dtype_of(x))
