"""Pad: PAD and PADV2, MIRROR_PAD, and GATHER for what has no kernel."""

import math
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.axes import resolve_axes
from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast
from portproof.exporter.tflite.make.carrier import carried, carrier
from portproof.exporter.tflite.make.late import late_pad, late_repeat, late_widths
from portproof.exporter.tflite.make.movement import gather, pad, reshape, slice_
from portproof.exporter.tflite.make.parameter import constant_ints, declared_shape
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import Array, array_of, dtype_of, is_run_time, rank_of, shape_of

Ends = list[tuple[int, int]]
_MAX_RANK = 5
"""`pad.cc` refuses more dimensions."""
_PAD_TYPES = frozenset({"float32", "float16", "int8", "uint8", "int16", "int32", "int64", "bool"})
_GATHER_TYPES = _PAD_TYPES
"""Those that `pad.cc` and `gather.cc` accept; MIRROR_PAD copies any type."""


@onnx_op("Pad", since=2, note="constant pads")
def pad_2(b: Builder, x: ir.Value, *, mode: str, pads: Sequence[int], value: float) -> ir.Value:
    """Everything in attributes."""
    rank = rank_of(x)
    return _pad(b, x, [(pads[axis], pads[axis + rank]) for axis in range(rank)], mode, b.const(value, dtype_of(x)))


@onnx_op("Pad", since=11, note="pads computed at run time: without a declared shape; negative ones of mode constant")
def pad_11(
    b: Builder,
    x: ir.Value,
    pads: ir.Value,
    value: ir.Value | None = None,
    axes: ir.Value | None = None,
    *,
    mode: str,
) -> ir.Value:
    """Pads, value and (since opset 18) axes are inputs; the value may be computed at run time."""
    rank = rank_of(x)
    if is_run_time(pads) or is_run_time(axes):
        return _late(b, x, late_widths(b, pads, axes, rank), mode, value)
    widths = constant_ints(pads, "pads")
    named = resolve_axes(constant_ints(axes, "axes"), rank) if axes is not None else list(range(rank))
    if len(widths) != 2 * len(named):
        raise Refusal(f"{len(widths)} pads for {len(named)} axes")
    ends: Ends = [(0, 0)] * rank
    for index, axis in enumerate(named):
        ends[axis] = (widths[index], widths[index + len(named)])
    return _pad(b, x, ends, mode, value)


def _late(b: Builder, x: ir.Value, widths: tuple[ir.Value, ir.Value], mode: str, value: ir.Value | None) -> ir.Value:
    """To the declared shape."""
    shape, dtype = declared_shape(b), dtype_of(x)
    if mode != "constant":
        if 0 in shape_of(x):
            raise Refusal(f"mode {mode} has nothing to repeat in an empty tensor")
        return cast(
            b, late_repeat(b, carried(b, x, _GATHER_TYPES, f"Pad with mode {mode}"), widths, mode, shape), dtype
        )
    if len(shape) > _MAX_RANK:
        raise Refusal(f"pads computed at run time, of rank {len(shape)}", "make pads a constant of the model")
    wide = carrier(dtype, _PAD_TYPES, "Pad")
    filling = None if value is None else cast(b, value, wide)
    return cast(b, late_pad(b, cast(b, x, wide), widths, filling, shape), dtype)


def _pad(b: Builder, x: ir.Value, ends: Ends, mode: str, value: ir.Value | None) -> ir.Value:
    """Negative widths cut first, as in ONNX Runtime; then the others are added."""
    begin = [max(-before, 0) for before, _ in ends]
    size = [n - max(-before, 0) - max(-after, 0) for n, (before, after) in zip(shape_of(x), ends, strict=True)]
    if any(left < 0 for left in size):
        raise Refusal("negative pads cut more than there is")
    x = slice_(b, x, begin, size)
    ends = [(max(before, 0), max(after, 0)) for before, after in ends]
    if not any(width for widths in ends for width in widths):
        return x
    if mode == "constant":
        dtype, wide = dtype_of(x), carrier(dtype_of(x), _PAD_TYPES, "Pad")
        return cast(b, _constant(b, cast(b, x, wide), ends, None if value is None else cast(b, value, wide)), dtype)
    if 0 in shape_of(x):
        raise Refusal(f"mode {mode} has nothing to repeat in an empty tensor")
    if mode in _MIRRORS and _mirrors(shape_of(x), ends, mode):
        return _mirror_pad(b, x, ends, _MIRRORS[mode])
    dtype, x = dtype_of(x), carried(b, x, _GATHER_TYPES, f"Pad with mode {mode}")
    for axis, widths in enumerate(ends):
        if any(widths):
            x = gather(b, x, _sources(shape_of(x)[axis], widths, mode), axis)
    return cast(b, x, dtype)


def _constant(b: Builder, x: ir.Value, ends: Ends, value: ir.Value | None) -> ir.Value:
    """PAD, or PADV2 with a value that is not zero; one axis at a time where there are more than they take."""
    if rank_of(x) <= _MAX_RANK:
        return _kernel(b, x, ends, value)
    for axis, widths in enumerate(ends):
        shape = shape_of(x)
        lines = reshape(b, x, (math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :])))
        lines = _kernel(b, lines, [(0, 0), widths, (0, 0)], value)
        x = reshape(b, lines, (*shape[:axis], shape[axis] + sum(widths), *shape[axis + 1 :]))
    return x


def _kernel(b: Builder, x: ir.Value, ends: Ends, value: ir.Value | None) -> ir.Value:
    known = array_of(value)
    if value is None or known is not None:
        return pad(b, x, ends, None if known is None else known.reshape(-1)[0].item())
    if not any(width for widths in ends for width in widths):
        return x
    shape = [n + sum(widths) for n, widths in zip(shape_of(x), ends, strict=True)]
    widths = b.const(np.array(ends, dtype=np.int32))
    return b.emit("PADV2", [x, widths, reshape(b, value, (1,))], shape=shape, dtype=dtype_of(x))


_MIRRORS = {"reflect": "REFLECT", "edge": "SYMMETRIC"}


def _mirrors(shape: Sequence[int], ends: Ends, mode: str) -> bool:
    """Whether MIRROR_PAD does it: one reflection at most, and an edge repeated once is its own mirror image."""
    return all(max(widths) <= (n - 1 if mode == "reflect" else 1) for n, widths in zip(shape, ends, strict=True))


def _mirror_pad(b: Builder, x: ir.Value, ends: Ends, mode: str) -> ir.Value:
    shape = [n + sum(widths) for n, widths in zip(shape_of(x), ends, strict=True)]
    widths = b.const(np.array(ends, dtype=np.int32))
    return b.emit("MIRROR_PAD", [x, widths], shape=shape, dtype=dtype_of(x), mode=mode)


def _sources(size: int, widths: tuple[int, int], mode: str) -> Array:
    """For each element of a padded axis, the index of the element it repeats."""
    if mode not in ("reflect", "edge", "wrap"):
        raise Refusal(f"mode {mode} is not known")
    sources: Array = np.pad(np.arange(size, dtype=np.int32), widths, mode=mode)  # type: ignore[call-overload]
    return sources
