"""Scan: a Loop along axes of its inputs, whose length is known."""

from collections.abc import Sequence

import onnx_ir as ir

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.items import Item
from portproof.exporter.coreml.make.arithmetic import binary
from portproof.exporter.coreml.make.iterate import Iteration, Stepped, iterate
from portproof.exporter.coreml.make.movement import box, concat, expand_dims, gather, reshape, transpose
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, array_of, is_var, rank_of, shape_of
from portproof.exporter.lowering.axes import resolve_axis
from portproof.exporter.lowering.refusal import Refusal

_BACKWARDS = 1


@onnx_op("Scan", since=8, note="no sequence_lens but the whole length")
def scan_8(
    b: Builder,
    lengths: Var | None,
    *values: Var,
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
        _scan(b, body, [_batch(b, value, k) for value in values], count, num_scan_inputs, directions=directions or ())
        for k in range(shape_of(values[-1])[0])
    ]
    return [concat(b, [expand_dims(b, item, [0]) for item in items], 0) for items in zip(*runs, strict=True)]


@onnx_op("Scan", since=9)
def scan(
    b: Builder,
    *values: Var,
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
    values: Sequence[Var],
    count: int,
    scanned: int,
    *,
    axes: Sequence[int] = (),
    directions: Sequence[int] = (),
    backwards: Sequence[int] = (),
) -> list[Var]:
    """The states, then the stacked outputs with the steps on axis 0."""
    states, inputs = values[: len(values) - scanned], values[len(values) - scanned :]
    along, turned = _padded(axes, scanned), _padded(directions, scanned)

    def step(time: Var, before: Sequence[Item]) -> Stepped:
        entries = [
            _entry(b, value, time, axis, reverse=direction == _BACKWARDS)
            for value, axis, direction in zip(inputs, along, turned, strict=True)
        ]
        results = b.lowering.body(body, [*before, *entries])
        if not all(map(is_var, results)):
            raise Refusal("a step gives a sequence where a tensor is due")
        return Stepped(going=None, states=results[: len(before)], rows=results[len(before) :])

    stacked = _padded(backwards, len(body.outputs) - len(states))
    loop = Iteration(
        step=step,
        states=states,
        count=count,
        backwards=[direction == _BACKWARDS for direction in stacked],
        ends=False,
    )
    done = iterate(b, loop)
    return [*done.states, *done.stacked]


def _padded(numbers: Sequence[int], count: int) -> list[int]:
    """Attributes that are left out are zeros."""
    return list(numbers) or [0] * count


def _entry(b: Builder, x: Var, time: Var, axis: int, *, reverse: bool) -> Var:
    """Entry `time` of `x` on `axis`, from the end on where `reverse`."""
    shape, known = shape_of(x), array_of(time)
    last = shape[axis] - 1
    if known is None:
        return gather(b, x, binary(b, "sub", binary(b, "mul", time, -1), -last) if reverse else time, axis)
    start = last - int(known) if reverse else int(known)
    return reshape(b, box(b, x, axis, start, 1), (*shape[:axis], *shape[axis + 1 :]))


def _on_axis(b: Builder, stacked: Var, axis: int) -> Var:
    """The steps on `axis`."""
    rank = rank_of(stacked)
    place = resolve_axis(axis, rank)
    return transpose(b, stacked, [*range(1, place + 1), 0, *range(place + 1, rank)])


def _batch(b: Builder, x: Var, k: int) -> Var:
    """Entry `k` of the batch."""
    return reshape(b, box(b, x, 0, k, 1), shape_of(x)[1:])
