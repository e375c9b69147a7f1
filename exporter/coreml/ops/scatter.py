"""Scatter, ScatterElements and ScatterND: a copy of the data with some entries replaced, or reduced with updates."""

import math

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary
from portproof.exporter.coreml.make.indices import sizes_along, wrap, wrap_along
from portproof.exporter.coreml.make.movement import reshape, without_bool
from portproof.exporter.coreml.make.wrapping import wrapped
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, array_of, rank_of, shape_of
from portproof.exporter.lowering.axes import resolve_axis
from portproof.exporter.lowering.refusal import Refusal

_MODES = {"none": "update", "add": "add", "mul": "mul", "min": "min", "max": "max"}


@onnx_op("Scatter", since=9)
def scatter(b: Builder, x: Var, indices: Var, updates: Var, *, axis: int) -> Var:
    """The first name of ScatterElements."""
    return _elements(b, x, indices, updates, axis, "none")


@onnx_op("ScatterElements", since=11)
def scatter_elements(b: Builder, x: Var, indices: Var, updates: Var, *, axis: int, reduction: str | None) -> Var:
    """Single entries, found by `axis` and their own place on the other axes."""
    return _elements(b, x, indices, updates, axis, reduction or "none")


@onnx_op("ScatterND", since=11)
def scatter_nd(b: Builder, x: Var, indices: Var, updates: Var, *, reduction: str | None) -> Var:
    """Slices at points given by the last axis of `indices`."""
    if 0 in indices.shape:
        return x
    points = wrap(b, indices, sizes_along(b, x, 0, int(indices.shape[-1])))
    mode = _mode(reduction or "none")

    def scattered(data: Var, new: Var) -> Var:
        return b.emit("scatter_nd", data=data, indices=points, updates=new, mode=mode)

    return wrapped(b, without_bool(b, scattered, x, updates))


def _mode(reduction: str) -> str:
    if reduction not in _MODES:
        raise Refusal(f"reduction {reduction} is not known")
    return _MODES[reduction]


def _elements(b: Builder, x: Var, indices: Var, updates: Var, axis: int, reduction: str) -> Var:
    """scatter_along_axis where the indices reach over all of the other axes, else a scatter of the flattened data."""
    if 0 in indices.shape:
        return x
    along, mode = resolve_axis(axis, rank_of(x)), _mode(reduction)
    where = wrap_along(b, indices, x, along)
    if all(position == along or size == x.shape[position] for position, size in enumerate(indices.shape)):

        def scattered(data: Var, new: Var) -> Var:
            return b.emit("scatter_along_axis", data=data, indices=where, updates=new, axis=along, mode=mode)

        return wrapped(b, without_bool(b, scattered, x, updates))
    shape = shape_of(x)
    flat = reshape(b, _flat(b, where, shape, along), (-1,))

    def scattered_flat(data: Var, new: Var) -> Var:
        return b.emit("scatter", data=data, indices=flat, updates=new, axis=0, mode=mode)

    placed = without_bool(b, scattered_flat, reshape(b, x, (-1,)), reshape(b, updates, (-1,)))
    return reshape(b, wrapped(b, placed), shape)


def _flat(b: Builder, indices: Var, shape: tuple[int, ...], axis: int) -> Var:
    """Where the entries are in the flattened data: [i, j, k] stands for [indices[i, j, k], j, k] when `axis` is 0."""
    strides = [math.prod(shape[position + 1 :]) for position in range(len(shape))]
    others = np.zeros((1,) * len(shape), np.int32)
    for position, size in enumerate(shape_of(indices)):
        if position != axis:
            step = np.arange(size, dtype=np.int32) * np.int32(strides[position])
            others = others + step.reshape([-1 if place == position else 1 for place in range(len(shape))])
    array = array_of(indices)
    if array is not None:
        return b.const(array * np.int32(strides[axis]) + others)
    return binary(b, "add", binary(b, "mul", indices, strides[axis]), others)
