"""Repetition: Expand and Tile."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.movement import broadcast_to
from portproof.exporter.tflite.make.parameter import declared_shape
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, dtype_of, ints_of, shape_of


@onnx_op("Expand", since=8)
def expand(b: Builder, x: ir.Value, shape: ir.Value) -> ir.Value:
    """Broadcast with `shape` both ways; a computed shape must be known by inference."""
    if array_of(shape) is None:
        return broadcast_to(b, x, declared_shape(b))
    return broadcast_to(b, x, np.broadcast_shapes(shape_of(x), tuple(ints_of(shape))))


@onnx_op("Tile", since=6)
def tile(b: Builder, x: ir.Value, repeats: ir.Value) -> ir.Value:
    """Each axis as many times as `repeats` says; computed repeats follow from the shapes."""
    shape = shape_of(x)
    times = ints_of(repeats) if array_of(repeats) is not None else _repeats(shape, declared_shape(b))
    if all(count == 1 for count in times):
        return x
    out = [size * count for size, count in zip(shape, times, strict=True)]
    return b.emit("TILE", [x, b.ints(times)], shape=out, dtype=dtype_of(x))


def _repeats(shape: tuple[int, ...], out: tuple[int, ...]) -> list[int]:
    if 0 in shape:
        raise Refusal("repeats is computed at run time", "make repeats a constant of the model")
    return [wanted // size for size, wanted in zip(shape, out, strict=True)]
