"""Reshape, Flatten, Squeeze, Unsqueeze: other axes for the same elements in the same order."""

import math
from collections.abc import Sequence

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.items import Folded
from portproof.exporter.coreml.make.folding import reshaped, sizes_of
from portproof.exporter.coreml.make.late import Of, partly_known, reshaped_like
from portproof.exporter.coreml.make.movement import expand_dims
from portproof.exporter.coreml.make.parameter import constant_ints, declared_shape
from portproof.exporter.coreml.registry import onnx_op, takes_folded
from portproof.exporter.coreml.values import Var, array_of, is_known, rank_of
from portproof.exporter.lowering.axes import resolve_axes

Tensor = Var | Folded


@onnx_op("Reshape", since=5, note="at most five axes, but for what is only transposed and reshaped again")
@takes_folded
def reshape(b: Builder, x: Tensor, shape: Var, *, allowzero: int | None) -> Tensor:
    """-1 for what is left; 0 for the size of the input at that place, unless `allowzero`."""
    wanted = array_of(shape)
    if wanted is None:
        known = declared_shape(b) or partly_known(_tensor(x), shape)
        return reshaped(b, x, known) if known is not None else b.emit("reshape", x=_tensor(x), shape=shape)
    sizes = [int(size) for size in wanted.reshape(-1)]
    if isinstance(x, Folded) or is_known(x) or not sizes:
        return reshaped(b, x, sizes if allowzero else _copied(sizes, sizes_of(x)))
    if len(sizes) != rank_of(x) and 0 in sizes:
        return reshaped_like(b, x, [Of(axis=axis) if size == 0 else size for axis, size in enumerate(sizes)])
    return b.emit("reshape", x=x, shape=np.array(sizes, np.int32))


@onnx_op("Flatten")
@takes_folded
def flatten(b: Builder, x: Tensor, *, axis: int) -> Tensor:
    """Two axes: those before `axis` in one, the others in the other."""
    if not isinstance(x, Folded) and not is_known(x):
        return _flatten_late(b, x, axis)
    shape = sizes_of(x)
    axis = axis + len(shape) if axis < 0 else axis
    return reshaped(b, x, (math.prod(shape[:axis]), math.prod(shape[axis:])))


@onnx_op("Squeeze")
@takes_folded
def squeeze(b: Builder, x: Tensor, *, axes: Sequence[int] | None) -> Tensor:
    """Without the axes of size 1 named, or without all of them."""
    return _squeeze(b, x, axes)


@onnx_op("Squeeze", since=13)
@takes_folded
def squeeze_13(b: Builder, x: Tensor, axes: Var | None = None) -> Tensor:
    """The same, with `axes` as an input."""
    known = declared_shape(b)
    if axes is not None and array_of(axes) is None and known is not None:
        return reshaped(b, x, known)
    return _squeeze(b, x, None if axes is None else constant_ints(axes, "axes"))


@onnx_op("Unsqueeze")
@takes_folded
def unsqueeze(b: Builder, x: Tensor, *, axes: Sequence[int]) -> Tensor:
    """With axes of size 1 put in where `axes` says, counted in the output."""
    return _unsqueeze(b, x, axes)


@onnx_op("Unsqueeze", since=13)
@takes_folded
def unsqueeze_13(b: Builder, x: Tensor, axes: Var) -> Tensor:
    """The same, with `axes` as an input."""
    known = declared_shape(b)
    if array_of(axes) is None and known is not None:
        return reshaped(b, x, known)
    return _unsqueeze(b, x, constant_ints(axes, "axes"))


def _tensor(x: Tensor) -> Var:
    return x.tensor if isinstance(x, Folded) else x


def _copied(sizes: Sequence[int], shape: Sequence[int]) -> list[int]:
    return [shape[axis] if size == 0 else size for axis, size in enumerate(sizes)]


def _flatten_late(b: Builder, x: Var, axis: int) -> Var:
    axis = axis + rank_of(x) if axis < 0 else axis
    for named, sizes in ((0, x.shape[:axis]), (1, x.shape[axis:])):
        if all(isinstance(size, int | np.integer) for size in sizes):
            size = math.prod(int(size) for size in sizes)
            return b.emit("reshape", x=x, shape=np.array([-1, size] if named else [size, -1], np.int32))
    own = b.emit("shape", x=x)
    front = b.emit("slice_by_index", x=own, begin=[0], end=[axis])
    first = b.emit("reduce_prod", x=front, axes=[0], keep_dims=True)
    return b.emit("reshape", x=x, shape=b.emit("concat", values=[first, np.array([-1], np.int32)], axis=0))


def _squeeze(b: Builder, x: Tensor, axes: Sequence[int] | None) -> Tensor:
    if not isinstance(x, Folded) and not is_known(x):
        return b.emit("squeeze", x=x, axes=None if axes is None else list(axes))
    shape = sizes_of(x)
    gone = [axis for axis, size in enumerate(shape) if size == 1] if axes is None else resolve_axes(axes, len(shape))
    return reshaped(b, x, [size for axis, size in enumerate(shape) if axis not in gone])


def _unsqueeze(b: Builder, x: Tensor, axes: Sequence[int]) -> Tensor:
    if not isinstance(x, Folded) and not is_known(x):
        return expand_dims(b, x, resolve_axes(axes, rank_of(x) + len(axes)))
    shape = sizes_of(x)
    rank = len(shape) + len(axes)
    new = resolve_axes(axes, rank)
    sizes = iter(shape)
    wanted = [1 if axis in new else next(sizes) for axis in range(rank)]
    if not isinstance(x, Folded) and rank <= 5 and array_of(x) is None:
        return expand_dims(b, x, new)
    return reshaped(b, x, wanted)
