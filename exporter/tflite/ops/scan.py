"""Scan: a Loop along axes of its inputs, whose length is known."""

from collections.abc import Sequence

import onnx_ir as ir

from portproof.exporter.lowering.axes import resolve_axis
from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.body import captured, inline, outer
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.items import Item
from portproof.exporter.tflite.make.arithmetic import binary, cast
from portproof.exporter.tflite.make.carrier import carried
from portproof.exporter.tflite.make.iterate import iterate
from portproof.exporter.tflite.make.iteration import Iteration, Stepped
from portproof.exporter.tflite.make.movement import concat, gather, reshape, slice_, transpose
from portproof.exporter.tflite.ops.gather import GATHER_TYPES
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, dtype_of, rank_of, shape_of

_BACKWARDS = 1


@onnx_op("Scan", since=8, note="no sequence_lens but the whole length")
def scan_8(
    b: Builder,
    lengths: ir.Value | None,
    *values: ir.Value,
    body: ir.Graph,
    num_scan_inputs: int,
    directions: Sequence[int] | None,
) -> Sequence[Item | None]:
    """The first version: axis 0 is a batch, of which every entry is scanned by itself, along axis 1."""
    count = shape_of(values[-1])[1]
    known = None if lengths is None else array_of(lengths)
    if lengths is not None and (known is None or (known != count).any()):
        raise Refusal("its sequences are of different lengths", "pad them, and use Scan of operator set 9")
    runs = [
        _scan(b, body, _entries(b, values, k), count, num_scan_inputs, directions=directions or ())
        for k in range(shape_of(values[-1])[0])
    ]
    return [_joined(b, results) for results in zip(*runs, strict=True)]


@onnx_op("Scan", since=9)
def scan(
    b: Builder,
    *values: ir.Value,
    body: ir.Graph,
    num_scan_inputs: int,
    scan_input_axes: Sequence[int] | None,
    scan_input_directions: Sequence[int] | None,
    scan_output_axes: Sequence[int] | None,
    scan_output_directions: Sequence[int] | None,
) -> Sequence[Item | None]:
    """States, then inputs that each step reads one entry of; it gives states and one entry of each further output."""
    axes = list(scan_input_axes or [0] * num_scan_inputs)
    inputs = values[len(values) - num_scan_inputs :]
    axes = [resolve_axis(axis, rank_of(value)) for axis, value in zip(axes, inputs, strict=True)]
    lengths = {shape_of(value)[axis] for value, axis in zip(inputs, axes, strict=True)}
    if len(lengths) != 1:
        raise Refusal(f"its inputs have different lengths: {sorted(lengths)}")
    states = len(values) - num_scan_inputs
    results = _scan(
        b,
        body,
        values,
        lengths.pop(),
        num_scan_inputs,
        axes=axes,
        directions=scan_input_directions or (),
        backwards=scan_output_directions or (),
    )
    rows = results[states:]
    given = list(scan_output_axes or [0] * len(rows))
    return [*results[:states], *(_on_axis(b, row, axis) for row, axis in zip(rows, given, strict=True))]


def _scan(
    b: Builder,
    body: ir.Graph,
    values: Sequence[ir.Value],
    count: int,
    scanned: int,
    *,
    axes: Sequence[int] = (),
    directions: Sequence[int] = (),
    backwards: Sequence[int] = (),
) -> list[ir.Value]:
    """The states, then the stacked outputs with the steps on axis 0."""
    states, inputs = values[: len(values) - scanned], values[len(values) - scanned :]
    free = captured(body)

    def step(inner: Builder, time: ir.Value, before: Sequence[Item], read: Sequence[Item]) -> Stepped:
        sources = [value for value in read[:scanned] if isinstance(value, ir.Value)]
        entries = [
            _entry(inner, source, time, axis, reverse=direction == _BACKWARDS)
            for source, axis, direction in zip(
                sources, _padded(axes, scanned), _padded(directions, scanned), strict=True
            )
        ]
        lookup = dict(zip(free, read[scanned:], strict=True)).__getitem__
        results = inline(inner, body, [*before, *entries], lookup)
        tensors = [item for item in results if isinstance(item, ir.Value)]
        return Stepped(going=inner.const(True), states=tensors[: len(before)], rows=tensors[len(before) :])

    stacked = len(body.outputs) - len(states)
    done = iterate(
        b,
        Iteration(
            step=step,
            states=states,
            free=[*inputs, *map(outer(b), free)],
            count=count,
            backwards=[direction == _BACKWARDS for direction in _padded(backwards, stacked)],
            declared=[None] * stacked,
        ),
    )
    return [item for item in (*done.states, *done.stacked) if isinstance(item, ir.Value)]


def _padded(numbers: Sequence[int], count: int) -> list[int]:
    """Attributes that are left out are zeros."""
    return list(numbers) or [0] * count


def _entry(b: Builder, value: ir.Value, time: ir.Value, axis: int, *, reverse: bool) -> ir.Value:
    """Entry `time` of `value` on `axis`, from the end on where `reverse`."""
    shape = shape_of(value)
    out = (*shape[:axis], *shape[axis + 1 :])
    known = array_of(time)
    if known is None:
        place = binary(b, "SUB", b.const(shape[axis] - 1, "int32"), time) if reverse else time
        return cast(b, gather(b, carried(b, value, GATHER_TYPES, "Scan"), place, axis), dtype_of(value))
    begin = [0] * len(shape)
    begin[axis] = shape[axis] - 1 - int(known) if reverse else int(known)
    return reshape(b, slice_(b, value, begin, (*shape[:axis], 1, *shape[axis + 1 :])), out)


def _on_axis(b: Builder, stacked: ir.Value, axis: int) -> ir.Value:
    """The steps on `axis`."""
    rank = rank_of(stacked)
    place = resolve_axis(axis, rank)
    return transpose(b, stacked, [*range(1, place + 1), 0, *range(place + 1, rank)])


def _entries(b: Builder, values: Sequence[ir.Value], k: int) -> list[ir.Value]:
    """Entry `k` of the batch of each of `values`."""
    found = []
    for value in values:
        shape = shape_of(value)
        part = slice_(b, value, [k, *[0] * (len(shape) - 1)], (1, *shape[1:]))
        found.append(reshape(b, part, shape[1:]))
    return found


def _joined(b: Builder, entries: Sequence[ir.Value]) -> ir.Value:
    """A batch of `entries`."""
    return concat(b, [reshape(b, entry, (1, *shape_of(entry))) for entry in entries], 0)
