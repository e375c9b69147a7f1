"""Gather along one axis."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast
from portproof.exporter.tflite.make.carrier import carried
from portproof.exporter.tflite.make.indices import wrap
from portproof.exporter.tflite.make.movement import gather, reshape, slice_
from portproof.exporter.tflite.make.parameter import resolve_axis
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import Array, array_of, constant, dtype_of, shape_of

GATHER_TYPES = frozenset({"float32", "float16", "int8", "int16", "int32", "int64", "uint8", "bool"})


@onnx_op("Gather", note="not float64, uint64, unless the indices are constant neighbours")
def gather_(b: Builder, x: ir.Value, indices: ir.Value, *, axis: int) -> ir.Value:
    """Negative indices count from the end; constant neighbours are a SLICE, which more delegates have."""
    shape = shape_of(x)
    along = resolve_axis(axis, len(shape))
    wanted = wrap(b, indices, shape[along])
    out = (*shape[:along], *shape_of(indices), *shape[along + 1 :])
    index, data = array_of(wanted), array_of(x)
    if index is not None and data is not None:
        return constant(np.ascontiguousarray(np.take(data, index, along)))
    if index is not None and _are_neighbours(index):
        begin = [0] * len(shape)
        begin[along] = int(index.reshape(-1)[0])
        return reshape(b, slice_(b, x, begin, (*shape[:along], index.size, *shape[along + 1 :])), out)
    return cast(b, gather(b, carried(b, x, GATHER_TYPES, "Gather"), wanted, along), dtype_of(x))


def _are_neighbours(index: Array) -> bool:
    flat = index.reshape(-1)
    return flat.size > 0 and bool(np.all(np.diff(flat) == 1))
