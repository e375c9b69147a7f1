"""Operators that only rename axes: Reshape, Flatten, Squeeze, Unsqueeze."""

import math
from collections.abc import Sequence

import onnx_ir as ir

from portproof.exporter.lowering.axes import resolve_axes
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.movement import reshape
from portproof.exporter.tflite.make.parameter import constant_ints, declared_shape
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, shape_of


@onnx_op("Reshape", since=5)
def reshape_(b: Builder, x: ir.Value, shape: ir.Value, *, allowzero: int | None) -> ir.Value:
    """0 copies a size (unless `allowzero`), -1 stands for what is left; a computed shape must be known anyway."""
    if array_of(shape) is None:
        return reshape(b, x, declared_shape(b))
    return reshape(b, x, _resolve(constant_ints(shape, "shape"), shape_of(x), copy_zero=not allowzero))


@onnx_op("Flatten")
def flatten(b: Builder, x: ir.Value, *, axis: int) -> ir.Value:
    """Rank 2: the axes before `axis`, and the others."""
    shape = shape_of(x)
    split = axis + len(shape) if axis < 0 else axis
    return reshape(b, x, (math.prod(shape[:split]), math.prod(shape[split:])))


@onnx_op("Squeeze")
def squeeze(b: Builder, x: ir.Value, *, axes: Sequence[int] | None) -> ir.Value:
    """Without the axes of size 1 named, or without all of them."""
    return _squeeze(b, x, axes)


@onnx_op("Squeeze", since=13)
def squeeze_13(b: Builder, x: ir.Value, axes: ir.Value | None = None) -> ir.Value:
    """The same, with `axes` as an input."""
    if axes is not None and array_of(axes) is None:
        return reshape(b, x, declared_shape(b))
    return _squeeze(b, x, None if axes is None else constant_ints(axes, "axes"))


@onnx_op("Unsqueeze")
def unsqueeze(b: Builder, x: ir.Value, *, axes: Sequence[int]) -> ir.Value:
    """With axes of size 1 put in where `axes` says, counted in the output."""
    return _unsqueeze(b, x, axes)


@onnx_op("Unsqueeze", since=13)
def unsqueeze_13(b: Builder, x: ir.Value, axes: ir.Value) -> ir.Value:
    """The same, with `axes` as an input."""
    if array_of(axes) is None:
        return reshape(b, x, declared_shape(b))
    return _unsqueeze(b, x, constant_ints(axes, "axes"))


def _resolve(wanted: Sequence[int], shape: Sequence[int], *, copy_zero: bool) -> list[int]:
    sizes = [shape[axis] if size == 0 and copy_zero else size for axis, size in enumerate(wanted)]
    if -1 in sizes:
        rest = math.prod(size for size in sizes if size != -1)
        sizes[sizes.index(-1)] = math.prod(shape) // rest if rest else 0
    return sizes


def _squeeze(b: Builder, x: ir.Value, axes: Sequence[int] | None) -> ir.Value:
    shape = shape_of(x)
    if axes is None:
        return reshape(b, x, [size for size in shape if size != 1])
    gone = resolve_axes(list(axes), len(shape))
    return reshape(b, x, [size for axis, size in enumerate(shape) if axis not in gone])


def _unsqueeze(b: Builder, x: ir.Value, axes: Sequence[int]) -> ir.Value:
    rank = len(shape_of(x)) + len(axes)
    new = resolve_axes(list(axes), rank)
    sizes = iter(shape_of(x))
    return reshape(b, x, [1 if axis in new else next(sizes) for axis in range(rank)])
