"""Pad: MIL's pad for floats; joins and gathers for what it lacks."""

from collections.abc import Sequence

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.movement import box, broadcast_to, concat, gather, reshape
from portproof.exporter.coreml.make.parameter import constant_ints
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Array, Var, array_of, dtype_of, is_float, is_known, rank_of, shape_of
from portproof.exporter.lowering.axes import resolve_axes
from portproof.exporter.lowering.refusal import Refusal

Ends = list[tuple[int, int]]
_MIRRORS = {"reflect": "reflect", "edge": "replicate"}
_MIRRORED_AXES = 2
"""Core ML mirrors along the last two axes only."""


@onnx_op("Pad", since=2)
def pad_2(b: Builder, x: Var, *, mode: str, pads: Sequence[int], value: float) -> Var:
    """Everything in attributes."""
    rank = rank_of(x)
    ends = [(pads[axis], pads[axis + rank]) for axis in range(rank)]
    return pad(b, x, ends, mode, b.const(np.asarray(b.like(value, x))))


@onnx_op("Pad", since=11, note="pads computed at run time: of floats, mode constant")
def pad_11(b: Builder, x: Var, pads: Var, value: Var | None = None, axes: Var | None = None, *, mode: str) -> Var:
    """Pads, value and (since opset 18) axes are inputs; the value may be computed at run time."""
    rank = rank_of(x)
    named = resolve_axes(constant_ints(axes, "axes"), rank) if axes is not None else list(range(rank))
    if array_of(pads) is None:
        return _late(b, x, pads, named, mode, value)
    widths = constant_ints(pads, "pads")
    if len(widths) != 2 * len(named):
        raise Refusal(f"{len(widths)} pads for {len(named)} axes")
    ends: Ends = [(0, 0)] * rank
    for index, axis in enumerate(named):
        ends[axis] = (widths[index], widths[index + len(named)])
    return pad(b, x, ends, mode, value)


def pad(b: Builder, x: Var, ends: Ends, mode: str, value: Var | None) -> Var:
    """Negative widths cut first, as in ONNX Runtime; then the others are added."""
    for axis, (before, after) in enumerate(ends):
        if min(before, after) < 0:
            left = shape_of(x)[axis] + min(before, 0) + min(after, 0)
            if left < 0:
                raise Refusal("negative pads cut more than there is")
            x = box(b, x, axis, max(-before, 0), left)
    ends = [(max(before, 0), max(after, 0)) for before, after in ends]
    if not any(width for widths in ends for width in widths):
        return x
    if mode == "constant":
        return _constant(b, x, ends, value)
    if mode in _MIRRORS and _mirrors(x, ends, mode):
        return b.emit("pad", x=x, pad=np.array(ends, np.int32).reshape(-1), mode=_MIRRORS[mode])
    for axis, widths in enumerate(ends):
        if any(widths):
            x = gather(b, x, _sources(shape_of(x)[axis], widths, mode), axis)
    return x


def _constant(b: Builder, x: Var, ends: Ends, value: Var | None) -> Var:
    nothing = np.zeros((), dtype_of(x))
    number = nothing if value is None else array_of(value)
    if is_float(x) and number is not None and array_of(x) is None:
        flat = np.array(ends, np.int32).reshape(-1)
        return b.emit("pad", x=x, pad=flat, mode="constant", constant_val=b.like(number.reshape(()), x))
    filling = reshape(b, b.const(nothing) if value is None else value, ())
    for axis, widths in enumerate(ends):
        if any(widths):
            shape = shape_of(x)
            parts = [broadcast_to(b, filling, (*shape[:axis], width, *shape[axis + 1 :])) for width in widths if width]
            x = concat(b, [*parts[: bool(widths[0])], x, *parts[bool(widths[0]) :]], axis)
    return x


def _mirrors(x: Var, ends: Ends, mode: str) -> bool:
    """Whether MIL's pad does it: floats, the last two axes, one reflection at most."""
    padded = [axis for axis, widths in enumerate(ends) if any(widths)]
    if not is_float(x) or array_of(x) is not None or padded[0] < rank_of(x) - _MIRRORED_AXES:
        return False
    if not is_known(x):
        return True
    return all(max(widths) <= (n - 1 if mode == "reflect" else n) for n, widths in zip(x.shape, ends, strict=True))


def _sources(size: int, widths: tuple[int, int], mode: str) -> Array:
    """For each element of a padded axis, the index of the element it repeats."""
    if mode not in ("reflect", "edge", "wrap"):
        raise Refusal(f"mode {mode} is not known")
    sources: Array = np.pad(np.arange(size, dtype=np.int32), widths, mode=mode)  # type: ignore[call-overload]
    return sources


def _late(b: Builder, x: Var, pads: Var, named: Sequence[int], mode: str, value: Var | None) -> Var:
    """Widths computed at run time: MIL has before and after of each axis side by side, of all axes."""
    number = np.zeros((), dtype_of(x)) if value is None else array_of(value)
    if mode != "constant" or not is_float(x) or number is None:
        raise Refusal("pads is computed at run time", "make pads a constant of the model, or pad floats by a constant")
    count, rank = len(named), rank_of(x)
    places = [
        place for axis in range(rank) for place in _places(list(named).index(axis) if axis in named else None, count)
    ]
    padded = concat(b, [pads, b.const(np.zeros(1, np.int32))], 0) if count < rank else pads
    widths = b.emit("gather", x=padded, indices=np.array(places, np.int32), axis=0)
    return b.emit("pad", x=x, pad=widths, mode="constant", constant_val=b.like(number.reshape(()), x))


def _places(index: int | None, count: int) -> tuple[int, int]:
    """Where in ONNX's pads, or behind them for a zero, the two widths of an axis are."""
    return (2 * count, 2 * count) if index is None else (index, index + count)
