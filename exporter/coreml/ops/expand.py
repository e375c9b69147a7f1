"""Repetition: Expand and Tile."""

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary
from portproof.exporter.coreml.make.movement import broadcast_to, concat, to_rank
from portproof.exporter.coreml.make.parameter import declared_shape
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, array_of, dtype_of, ints_of, is_known, rank_of, shape_of
from portproof.exporter.lowering.refusal import Refusal


@onnx_op("Expand", since=8)
def expand(b: Builder, x: Var, shape: Var) -> Var:
    """Broadcast with `shape` both ways."""
    if is_known(x) and array_of(shape) is not None:
        return broadcast_to(b, x, np.broadcast_shapes(shape_of(x), tuple(ints_of(shape))))
    known = declared_shape(b)
    return broadcast_to(b, x, known) if is_known(x) and known is not None else _late(b, x, shape)


@onnx_op("Tile", since=6)
def tile(b: Builder, x: Var, repeats: Var) -> Var:
    """Each axis as many times as `repeats` says."""
    array = array_of(repeats)
    if array is not None:
        times = [int(count) for count in array.reshape(-1)]
        if all(count == 1 for count in times):
            return x
        if 0 in times:
            return b.const(np.zeros([n * count for n, count in zip(shape_of(x), times, strict=True)], dtype_of(x)))
        data = array_of(x)
        return b.emit("tile", x=x, reps=times) if data is None else b.const(np.tile(data, times))
    return b.emit("tile", x=x, reps=repeats)


def _late(b: Builder, x: Var, shape: Var) -> Var:
    """To a shape computed at run time: as many repeats as the size asked for where the axis has one entry, else one."""
    rank = max(rank_of(x), int(shape.shape[0]))
    if any(not isinstance(size, int | np.integer) for size in shape.shape):
        raise Refusal("the number of axes is not known before run time", "give shape a fixed length")
    wide = to_rank(b, x, rank)
    missing = rank - int(shape.shape[0])
    wanted = concat(b, [b.const(np.ones(missing, np.int32)), shape], 0) if missing else shape
    sizes = b.const(np.array(shape_of(wide), np.int32)) if is_known(wide) else b.emit("shape", x=wide)
    return b.emit("tile", x=wide, reps=binary(b, "maximum", binary(b, "floor_div", wanted, sizes), 1))
