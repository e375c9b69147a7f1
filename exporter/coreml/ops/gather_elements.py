"""GatherElements and GatherND: single entries, or slices at points."""

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.indices import sizes_along, wrap, wrap_along
from portproof.exporter.coreml.make.movement import box, concat, without_bool
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, rank_of, shape_of
from portproof.exporter.lowering.axes import resolve_axis


@onnx_op("GatherElements", since=11)
def gather_elements(b: Builder, x: Var, indices: Var, *, axis: int) -> Var:
    """One gather_along_axis of as much of the data as the indices reach over on the other axes."""
    along = resolve_axis(axis, rank_of(x))
    where = wrap_along(b, indices, x, along)
    for other, size in enumerate(indices.shape):
        x = x if other == along or size == x.shape[other] else box(b, x, other, 0, int(size))
    return without_bool(b, lambda data: b.emit("gather_along_axis", x=data, indices=where, axis=along), x)


@onnx_op("GatherND", since=11)
def gather_nd(b: Builder, x: Var, indices: Var, *, batch_dims: int | None) -> Var:
    """MIL's gather_nd; batch axes become leading coordinates of the points."""
    batch, depth = batch_dims or 0, int(indices.shape[-1])
    where = wrap(b, indices, sizes_along(b, x, batch, depth))
    if batch:
        where = concat(b, [_batch_points(b, where, batch), where], rank_of(where) - 1)
    return without_bool(b, lambda data: b.emit("gather_nd", x=data, indices=where), x)


def _batch_points(b: Builder, indices: Var, batch: int) -> Var:
    """The batch coordinates of every point: shape of `indices`, the last axis of size `batch`."""
    points = shape_of(indices)[:-1]
    grid = np.moveaxis(np.indices(points[:batch]), 0, -1)
    spread = grid.reshape(*points[:batch], *(1,) * (len(points) - batch), batch)
    return b.const(np.broadcast_to(spread, (*points, batch)).astype(np.int32))
