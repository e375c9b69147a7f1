"""Reshape, Flatten, Squeeze, Unsqueeze: other axes for the same elements in the same order."""

import math

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, array_of, rank_of, shape_of


@onnx_op("Reshape", since=5)
def reshape(b: Builder, x: Var, shape: Var, *, allowzero: int | None) -> Var:
    """-1 for what is left; 0 for the size of the input at that place, unless `allowzero`."""
    wanted = array_of(shape)
    if wanted is None:
        return b.emit("reshape", x=x, shape=shape)
    sizes = [int(size) for size in wanted.reshape(-1)]
    if not allowzero and 0 in sizes:
        known = shape_of(x)
        sizes = [known[axis] if size == 0 else size for axis, size in enumerate(sizes)]
    if not sizes:
        return b.emit("squeeze", x=x, axes=list(range(rank_of(x)))) if rank_of(x) else x
    return b.emit("reshape", x=x, shape=np.array(sizes, np.int32))


@onnx_op("Flatten")
def flatten(b: Builder, x: Var, *, axis: int) -> Var:
    """Two axes: those before `axis` in one, the others in the other."""
    shape = shape_of(x)
    axis = axis + len(shape) if axis < 0 else axis
    return b.emit("reshape", x=x, shape=np.array([math.prod(shape[:axis]), math.prod(shape[axis:])], np.int32))
