"""Scatter, ScatterElements and ScatterND: a copy of the data with some entries replaced, or reduced with updates."""

import math

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.axes import resolve_axis
from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast, select
from portproof.exporter.tflite.make.carrier import carried
from portproof.exporter.tflite.make.indices import flat_elements, flatten, wrap
from portproof.exporter.tflite.make.movement import reshape
from portproof.exporter.tflite.make.scatter_pairs import reduce_pairs
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, dtype_of, shape_of

SCATTER_TYPES = frozenset({"float32", "int8", "int32", "int64", "uint8", "bool"})
REDUCTION_TYPES = frozenset({"float32", "int32", "int64"})
_REDUCTIONS = {"add": "ADD", "mul": "MUL", "min": "MINIMUM", "max": "MAXIMUM"}


@onnx_op("Scatter", since=9)
def scatter(b: Builder, x: ir.Value, indices: ir.Value, updates: ir.Value, *, axis: int) -> ir.Value:
    """The first name of ScatterElements."""
    return _scatter_elements(b, x, indices, updates, axis, "none")


@onnx_op("ScatterElements", since=11, note="not float64, uint64")
def scatter_elements(
    b: Builder, x: ir.Value, indices: ir.Value, updates: ir.Value, *, axis: int, reduction: str | None
) -> ir.Value:
    """Single entries, found by `axis` and their own place on the other axes."""
    return _scatter_elements(b, x, indices, updates, axis, reduction or "none")


@onnx_op("ScatterND", since=11, note="not float64, uint64")
def scatter_nd(b: Builder, x: ir.Value, indices: ir.Value, updates: ir.Value, *, reduction: str | None) -> ir.Value:
    """Slices at points given by the last axis of `indices`."""
    depth = shape_of(indices)[-1]
    points = indices if array_of(indices) is not None else cast(b, indices, "int32")
    points = wrap(b, points, np.array(shape_of(x)[:depth], dtype=np.int64))
    return _scatter(b, x, points, updates, reduction or "none")


def _scatter_elements(
    b: Builder, x: ir.Value, indices: ir.Value, updates: ir.Value, axis: int, reduction: str
) -> ir.Value:
    """Points in the flattened data."""
    shape = shape_of(x)
    flat = flat_elements(b, indices, shape, resolve_axis(axis, len(shape)))
    points = reshape(b, flat, (math.prod(shape_of(flat)), 1))
    return reshape(b, _scatter(b, flatten(b, x), points, flatten(b, updates), reduction), shape)


def _scatter(b: Builder, x: ir.Value, points: ir.Value, updates: ir.Value, reduction: str) -> ir.Value:
    """SCATTER_ND adds updates up in a tensor of zeros; a mask says where it wrote.

    Without a reduction ONNX forbids to name an entry twice.
    """
    if 0 in shape_of(points):
        return x
    types = SCATTER_TYPES if reduction == "none" else REDUCTION_TYPES
    data, new = (carried(b, value, types, "ScatterND") for value in (x, updates))
    if reduction in ("mul", "min", "max") and not _are_distinct(points):
        return cast(b, reduce_pairs(b, data, points, new, reduction), dtype_of(x))
    if reduction == "none" and array_of(points) is not None and not _are_distinct(points):
        raise Refusal("indices name one entry twice, and TFLite's SCATTER_ND adds such updates up")
    placed = _place(b, points, new, shape_of(x))
    if reduction != "none":
        placed = binary(b, _REDUCTIONS[reduction], data, placed)
    result = placed if reduction == "add" else select(b, _mask(b, points, shape_of(x)), placed, data)
    return cast(b, result, dtype_of(x))


def _place(b: Builder, points: ir.Value, updates: ir.Value, shape: tuple[int, ...]) -> ir.Value:
    return b.emit("SCATTER_ND", [points, updates, b.ints(shape)], shape=shape, dtype=dtype_of(updates))


def _mask(b: Builder, points: ir.Value, shape: tuple[int, ...]) -> ir.Value:
    """Where an update was written: booleans of the rank of the data, size 1 on the axes of whole slices."""
    depth = shape_of(points)[-1]
    broadcast = (*shape[:depth], *(1,) * (len(shape) - depth))
    array = array_of(points)
    if array is not None:
        mask = np.zeros(shape[:depth], dtype=bool)
        mask[tuple(np.moveaxis(array, -1, 0))] = True
        return b.const(mask.reshape(broadcast))
    ones = b.const(np.ones(shape_of(points)[:-1], dtype=np.int32))
    return reshape(b, binary(b, "NOT_EQUAL", _place(b, points, ones, shape[:depth]), 0), broadcast)


def _are_distinct(points: ir.Value) -> bool:
    """Whether the points are known and name no entry twice."""
    array = array_of(points)
    if array is None:
        return False
    flat = array.reshape(-1, array.shape[-1])
    return len(np.unique(flat, axis=0)) == len(flat)
