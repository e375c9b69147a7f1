"""Transpose of any rank."""

import math
from collections.abc import Sequence

import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.movement import reshape, transpose
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import shape_of

KERNEL_RANK = 6
"""The highest rank of TFLite's TRANSPOSE before its version 7, and of XNNPACK's."""


@onnx_op("Transpose", note="rank above 6 where axes that stay together bring it to 6")
def transpose_(b: Builder, x: ir.Value, *, perm: Sequence[int] | None) -> ir.Value:
    """Axes in the order `perm`, reversed when it is absent."""
    rank = len(shape_of(x))
    order = list(perm) if perm is not None else list(range(rank))[::-1]
    return transpose(b, x, order) if rank <= KERNEL_RANK else _merged(b, x, order)


def _merged(b: Builder, x: ir.Value, order: Sequence[int]) -> ir.Value:
    """The same over fewer axes: those of size 1 are dropped, those that stay neighbours become one."""
    shape = shape_of(x)
    runs: list[list[int]] = []
    for axis in (axis for axis in order if shape[axis] != 1):
        if runs and _follows(axis, runs[-1][-1], shape):
            runs[-1].append(axis)
        else:
            runs.append([axis])
    if len(runs) > KERNEL_RANK:
        raise Refusal(f"a transpose of {len(runs)} separate axes; TFLite has {KERNEL_RANK}", "split it in two")
    sources = sorted(runs)
    merged = reshape(b, x, [math.prod(shape[axis] for axis in run) for run in sources])
    moved = transpose(b, merged, [sources.index(run) for run in runs])
    return reshape(b, moved, [shape[axis] for axis in order])


def _follows(axis: int, before: int, shape: Sequence[int]) -> bool:
    """Whether nothing but axes of size 1 lies between `before` and `axis` in the input."""
    return axis > before and all(shape[between] == 1 for between in range(before + 1, axis))
