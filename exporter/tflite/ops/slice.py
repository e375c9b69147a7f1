"""Slice: SLICE for boxes, STRIDED_SLICE for steps, REVERSE_V2 for steps backwards."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.axes import resolve_axes
from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.late import late_slice
from portproof.exporter.tflite.make.movement import slice_
from portproof.exporter.tflite.make.parameter import constant_ints, declared_shape
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, constant, dtype_of, is_run_time, rank_of, shape_of

_LATE_RANK = 5
LATE_TYPES = frozenset({"float32", "int8", "int16", "int32", "int64", "uint8", "bool"})
REVERSE_TYPES = frozenset({"float32", "float16", "int8", "int16", "int32", "int64", "uint8", "bool"})


@dataclass(frozen=True, kw_only=True)
class Run:
    """What is taken along one axis: `count` entries from `start` in steps of `step`."""

    start: int
    count: int
    step: int


@onnx_op("Slice")
def slice_1(
    b: Builder, x: ir.Value, *, starts: Sequence[int], ends: Sequence[int], axes: Sequence[int] | None
) -> ir.Value:
    """Parameters as attributes, steps of 1."""
    return take(b, x, _runs(shape_of(x), starts, ends, axes, None))


@onnx_op("Slice", since=10)
def slice_10(
    b: Builder,
    x: ir.Value,
    starts: ir.Value,
    ends: ir.Value,
    axes: ir.Value | None = None,
    steps: ir.Value | None = None,
) -> ir.Value:
    """Parameters as inputs; negative steps go backwards."""
    given = [value for value in (starts, ends, axes, steps) if value is not None]
    if any(is_run_time(value) for value in given):
        return _late(b, x, starts, ends, axes, steps)
    return take(
        b,
        x,
        _runs(
            shape_of(x),
            constant_ints(starts, "starts"),
            constant_ints(ends, "ends"),
            None if axes is None else constant_ints(axes, "axes"),
            None if steps is None else constant_ints(steps, "steps"),
        ),
    )


def _late(
    b: Builder, x: ir.Value, starts: ir.Value, ends: ir.Value, axes: ir.Value | None, steps: ir.Value | None
) -> ir.Value:
    shape = declared_shape(b)
    if rank_of(x) > _LATE_RANK or dtype_of(x).name not in LATE_TYPES:
        raise Refusal(f"STRIDED_SLICE of {dtype_of(x).name} and rank {rank_of(x)}, with bounds computed at run time")
    if 0 in shape:
        return b.const(np.zeros(shape, dtype_of(x)))
    return late_slice(b, x, starts, ends, axes, steps, shape)


def take(b: Builder, x: ir.Value, runs: Sequence[Run]) -> ir.Value:
    """The entries that `runs` name, one run for each axis of `x`."""
    array = array_of(x)
    if array is not None:
        return constant(array[tuple(_python(run) for run in runs)])
    if all(run.step == 1 or run.count <= 1 for run in runs):
        starts = [run.start if run.count else 0 for run in runs]
        return slice_(b, x, starts, [run.count for run in runs])
    backwards = [axis for axis, run in enumerate(runs) if run.step < 0 and run.count > 1]
    if not backwards or dtype_of(x).name not in REVERSE_TYPES or 0 in shape_of(x):
        return _strided(b, x, runs)
    # Forwards, then turned round: STRIDED_SLICE steps backwards forty times slower than REVERSE_V2 copies.
    forwards = take(b, x, [_forwards(run) for run in runs])
    for axis in backwards:  # one by one: the kernel takes neighbouring axes only, and a layout may part them
        forwards = b.emit("REVERSE_V2", [forwards, b.ints([axis])], shape=shape_of(forwards), dtype=dtype_of(x))
    return forwards


def _runs(
    shape: Sequence[int],
    starts: Sequence[int],
    ends: Sequence[int],
    axes: Sequence[int] | None,
    steps: Sequence[int] | None,
) -> list[Run]:
    """The runs of all axes; those that are not named are taken whole."""
    runs = [Run(start=0, count=size, step=1) for size in shape]
    named = resolve_axes(list(axes) if axes is not None else list(range(len(starts))), len(shape))
    for axis, start, end, step in zip(named, starts, ends, steps or [1] * len(starts), strict=True):
        if step == 0:
            raise Refusal("a step of 0")
        entries = _entries(start, end, step, shape[axis])
        runs[axis] = Run(start=entries.start, count=len(entries), step=step)
    return runs


def _entries(start: int, end: int, step: int, size: int) -> range:
    """As Python slices, but that a start in front of the axis is its first entry even when going backwards."""
    start, end = (bound + size if bound < 0 else bound for bound in (start, end))
    if step > 0:
        return range(min(max(start, 0), size), min(max(end, 0), size), step)
    if size == 0:
        return range(0)
    return range(min(max(start, 0), size - 1), min(max(end, -1), size - 1), step)


def _forwards(run: Run) -> Run:
    if run.step > 0 or not run.count:
        return run
    return Run(start=run.start + (run.count - 1) * run.step, count=run.count, step=-run.step)


def _strided(b: Builder, x: ir.Value, runs: Sequence[Run]) -> ir.Value:
    shape = [run.count for run in runs]
    if 0 in shape:  # XNNPACK gives the whole tensor for an empty STRIDED_SLICE
        return slice_(b, x, [0] * len(shape), shape)
    parameters = (
        b.ints([run.start for run in runs]),
        b.ints([_end(run, size) for run, size in zip(runs, shape_of(x), strict=True)]),
        b.ints([run.step for run in runs]),
    )
    return b.emit("STRIDED_SLICE", [x, *parameters], shape=shape, dtype=dtype_of(x))


def _end(run: Run, size: int) -> int:
    """One past the last entry; where that is in front of the first, as a negative number says it."""
    end = run.start + (run.count - 1) * run.step + (1 if run.step > 0 else -1)
    return end if end >= 0 else end - size


def _python(run: Run) -> slice:
    end = run.start + run.count * run.step
    return slice(run.start, end if end >= 0 else None, run.step) if run.count else slice(0, 0)
