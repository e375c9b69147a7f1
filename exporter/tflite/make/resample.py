"""A tensor resized along its axes by a rule: the resize kernels where they do the same, else axis by axis."""

from collections.abc import Callable, Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.lowering.sampling import Axis, Rule, matrix, nearest
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast
from portproof.exporter.tflite.make.carrier import carried
from portproof.exporter.tflite.make.movement import gather
from portproof.exporter.tflite.make.resizing import (
    FLAGS,
    Flags,
    apply_matrix,
    kernel_matrix,
    kernel_nearest,
    resize_2d,
)
from portproof.exporter.tflite.make.spatial import Axes, by_pairs
from portproof.exporter.tflite.values import Array, dtype_of

_KERNEL_TYPES = frozenset({"float32", "int8", "uint8"})
_GATHER_TYPES = _KERNEL_TYPES | {"float16", "int16", "int32", "int64", "bool"}
"""Those that `gather.cc` accepts."""

Samples = Callable[[int, int, Flags], Array]


def resample(b: Builder, x: ir.Value, axes: Sequence[Axis], rule: Rule) -> ir.Value:
    """Resizes a tensor of any rank.

    Args:
        b: the builder.
        x: any shape; float32 or float16 unless the mode is nearest.
        axes: one for each axis of `x`.
        rule: how.

    Raises:
        Refusal: the mode is not known, or not for this type.
    """
    if rule.mode == "nearest":
        return _nearest(b, x, axes, rule)
    if rule.mode in ("linear", "cubic"):
        return _weighted(b, x, axes, rule)
    raise Refusal(f"mode {rule.mode} is not known")


def _nearest(b: Builder, x: ir.Value, axes: Sequence[Axis], rule: Rule) -> ir.Value:
    if rule.antialias:
        raise Refusal("antialias has no meaning for mode nearest", "leave antialias out")
    sources = [nearest(axis, rule) for axis in axes]
    flags = _flags(axes, sources, kernel_nearest, 0)
    if flags is not None and dtype_of(x).name in _KERNEL_TYPES:
        return _kernel(b, "RESIZE_NEAREST_NEIGHBOR", x, axes, flags)
    dtype, x = dtype_of(x), carried(b, x, _GATHER_TYPES, "Resize")
    for number, (axis, source) in enumerate(zip(axes, sources, strict=True)):
        if not np.array_equal(source, np.arange(axis.size)):
            x = gather(b, x, source, number)
    return cast(b, x, dtype)


def _weighted(b: Builder, x: ir.Value, axes: Sequence[Axis], rule: Rule) -> ir.Value:
    dtype = dtype_of(x)
    if dtype.kind != "f":
        raise Refusal(f"mode {rule.mode} rounds {dtype.name} in a way ONNX leaves open", "resize in float32")
    x = carried(b, x, ("float32",), f"Resize with mode {rule.mode}", computes=True)
    weights = [matrix(axis, rule) for axis in axes]
    # Coordinates are float32 in both runtimes, by formulas that round differently.
    flags = _flags(axes, weights, kernel_matrix, 1e-6 * max(axis.size for axis in axes))
    if flags is not None:
        return cast(b, _kernel(b, "RESIZE_BILINEAR", x, axes, flags), dtype)
    for number, (axis, part) in enumerate(zip(axes, weights, strict=True)):
        if not np.array_equal(part, np.eye(axis.size)):
            x = apply_matrix(b, x, number, part)
    return cast(b, x, dtype)


def _flags(axes: Sequence[Axis], samples: Sequence[Array], kernel: Samples, atol: float) -> Flags | None:
    """The flags with which a kernel takes `samples` on every axis, if it can leave batch and channels alone."""
    if not 3 <= len(axes) <= 5:
        return None
    for number in (0, 1):
        still = kernel(axes[number].size, axes[number].size, FLAGS[0])
        if still.shape != samples[number].shape or not np.array_equal(still, samples[number]):
            return None
    for flags in FLAGS:
        taken = [kernel(axis.size, axis.out, flags) for axis in axes[2:]]
        if all(np.allclose(ours, want, rtol=0, atol=atol) for ours, want in zip(taken, samples[2:], strict=True)):
            return flags
    return None


def _kernel(b: Builder, op: str, x: ir.Value, axes: Sequence[Axis], flags: Flags) -> ir.Value:
    sizes = [axis.out for axis in axes[2:]]

    def resize(b: Builder, x: ir.Value, pair: Axes) -> ir.Value:
        return resize_2d(b, op, x, [1 if axis is None else sizes[axis] for axis in pair], flags)

    return by_pairs(b, x, resize)
