"""GatherElements and GatherND: single entries, or slices at points."""

import math

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.axes import resolve_axis
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast
from portproof.exporter.tflite.make.carrier import carried
from portproof.exporter.tflite.make.indices import flat_elements, flatten, wrap
from portproof.exporter.tflite.make.movement import concat, gather
from portproof.exporter.tflite.ops.gather import GATHER_TYPES
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import dtype_of, shape_of


@onnx_op("GatherElements", since=11, note="not float64, uint64, uint16 and uint32 through wider types")
def gather_elements(b: Builder, x: ir.Value, indices: ir.Value, *, axis: int) -> ir.Value:
    """A GATHER of the flattened data at flat indices."""
    shape = shape_of(x)
    where = flat_elements(b, indices, shape, resolve_axis(axis, len(shape)))
    data = carried(b, flatten(b, x), GATHER_TYPES, "GatherElements")
    return cast(b, gather(b, data, where, 0), dtype_of(x))


@onnx_op("GatherND", since=11, note="not float64, uint64")
def gather_nd(b: Builder, x: ir.Value, indices: ir.Value, *, batch_dims: int | None) -> ir.Value:
    """GATHER_ND; batch axes become leading coordinates of the points."""
    shape, points, batch = shape_of(x), shape_of(indices), batch_dims or 0
    depth = points[-1]
    where = wrap(b, indices, np.array(shape[batch : batch + depth], dtype=np.int64))
    if batch:
        where = concat(b, [_batch_points(b, where, batch), where], len(points) - 1)
    data = carried(b, x, GATHER_TYPES, "GatherND")
    out = (*points[:-1], *shape[batch + depth :])
    return cast(b, b.emit("GATHER_ND", [data, where], shape=out, dtype=dtype_of(data)), dtype_of(x))


def _batch_points(b: Builder, indices: ir.Value, batch: int) -> ir.Value:
    """The batch coordinates of every point: shape of `indices`, the last axis of size `batch`."""
    points = shape_of(indices)[:-1]
    grid = np.indices(points[:batch]).reshape(batch, math.prod(points[:batch])).T
    spread = grid.reshape(*points[:batch], *(1,) * (len(points) - batch), batch)
    return b.const(np.broadcast_to(spread, (*points, batch)).astype(dtype_of(indices)))
