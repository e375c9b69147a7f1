"""Split: SPLIT where the parts are equal, otherwise one SLICE a part."""

from collections.abc import Sequence

import onnx_ir as ir

from portproof.exporter.lowering.axes import resolve_axis
from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.movement import slice_
from portproof.exporter.tflite.make.parameter import constant_ints, declared_shape
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, dtype_of, shape_of

SPLIT_TYPES = frozenset({"float32", "int8", "int16", "int32", "int64", "uint8"})
_XNNPACK_PARTS = 4
"""XNNPACK has SPLIT into 2, 3 and 4 parts and no SPLIT_V; slices keep the others on its side."""
_KERNEL_RANK = 6
"""XNNPACK takes a SPLIT of a higher rank and then fails to prepare it."""


@onnx_op("Split", since=2)
def split(b: Builder, x: ir.Value, *, axis: int, split: Sequence[int] | None) -> Sequence[ir.Value]:
    """Sizes as an attribute; equal parts without it."""
    return _split(b, x, axis, split)


@onnx_op("Split", since=13)
def split_13(
    b: Builder, x: ir.Value, split: ir.Value | None = None, *, axis: int, num_outputs: int | None
) -> Sequence[ir.Value]:
    """Sizes as an input; without it equal parts, of which the last may be smaller (opset 18)."""
    sizes = None if split is None or array_of(split) is None else constant_ints(split, "split")
    if split is not None and sizes is None:
        sizes = [declared_shape(b, index)[axis] for index in range(_parts(b))]
    return _split(b, x, axis, sizes)


def _split(b: Builder, x: ir.Value, axis: int, given: Sequence[int] | None) -> Sequence[ir.Value]:
    shape = shape_of(x)
    along = resolve_axis(axis, len(shape))
    sizes = list(given) if given is not None else _even(shape[along], _parts(b))
    if sum(sizes) != shape[along]:
        raise Refusal(f"the parts {sizes} do not add up to the size {shape[along]}")
    if len(sizes) > 1 and len(set(sizes)) == 1 and _has_kernel(x, len(sizes)):
        part = (*shape[:along], sizes[0], *shape[along + 1 :])
        outputs = [(part, dtype_of(x))] * len(sizes)
        return b.emit_many("SPLIT", [b.const(along, "int32"), x], outputs=outputs, num_splits=len(sizes))
    return _slices(b, x, along, sizes)


def _has_kernel(x: ir.Value, parts: int) -> bool:
    name = dtype_of(x).name
    if name not in SPLIT_TYPES or len(shape_of(x)) > _KERNEL_RANK or 0 in shape_of(x):
        return False
    return name != "float32" or parts <= _XNNPACK_PARTS


def _slices(b: Builder, x: ir.Value, along: int, sizes: Sequence[int]) -> Sequence[ir.Value]:
    shape, start, parts = shape_of(x), 0, []
    for size in sizes:
        begin = [start if axis == along else 0 for axis in range(len(shape))]
        parts.append(slice_(b, x, begin, (*shape[:along], size, *shape[along + 1 :])))
        start += size
    return parts


def _even(size: int, parts: int) -> list[int]:
    """ceil(size / parts) each, what is left for the last."""
    step = -(-size // parts)
    return [max(min(step, size - step * index), 0) for index in range(parts)]


def _parts(b: Builder) -> int:
    return len(b.source.outputs) if b.source is not None else 0
