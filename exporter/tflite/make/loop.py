"""A step repeated along time: written once as the body of a WHILE, or straight where there is one step only.

In a loop the weights of a step are packed for XNNPACK's kernels once; unrolled, every step would have a packed copy of
its own, together too large for a processor's cache: half as fast, measured over 50 steps of 128 units.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary
from portproof.exporter.tflite.make.movement import gather, reshape
from portproof.exporter.tflite.make.subgraph import closed_graph, own, parameter
from portproof.exporter.tflite.values import dtype_of, is_run_time, shape_of

Values = list[ir.Value]
Step = Callable[[Builder, ir.Value, Values, Values, Values], Values]


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One recurrence; several of the same length run in one loop, as the two directions of a layer do.

    Attributes:
        sequences: read one entry of axis 0 a step, all [time, ...].
        states: their values before the first step.
        fixed: what every step reads whole: weights, lengths.
        step: called as ``step(b, time, entries, states, fixed)`` with the int32 scalar time; returns what this step
            emits, then the new states, each of the shape and type of the old.
        reverse: from the last time to the first.
        emits: whether what the steps emit is wanted.
    """

    sequences: Sequence[ir.Value]
    states: Sequence[ir.Value]
    fixed: Sequence[ir.Value]
    step: Step
    reverse: bool = False
    emits: bool = True


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one lane gave.

    Attributes:
        emitted: [time, ...], entries in the order of time whatever the direction; None where not wanted.
        states: after the last step.
    """

    emitted: ir.Value | None
    states: Values


def run_lanes(b: Builder, lanes: Sequence[Lane], length: int) -> list[Run]:
    """Runs all `lanes` over `length` steps."""
    if length == 1:
        return [_once(b, lane) for lane in lanes]
    return _Loop(b, lanes, length).run()


def _once(b: Builder, lane: Lane) -> Run:
    entries = [reshape(b, sequence, shape_of(sequence)[1:]) for sequence in lane.sequences]
    emitted, *states = lane.step(b, b.const(0, "int32"), entries, list(lane.states), list(lane.fixed))
    return Run(emitted=reshape(b, emitted, (1, *shape_of(emitted))) if lane.emits else None, states=states)


class _Loop:
    """One WHILE: its operands are the time, then for each lane what was emitted, the states, and what is only read."""

    def __init__(self, b: Builder, lanes: Sequence[Lane], length: int) -> None:
        self.b = b
        self.lanes = lanes
        self.length = length

    def run(self) -> list[Run]:
        operands: Values = [self.b.const(0, "int32")]
        for lane in self.lanes:
            operands += [*self._blank(lane), *lane.states, *self._only_read(lane)]
        results = iter(
            self.b.emit_many(
                "WHILE",
                operands,
                outputs=[(shape_of(value), dtype_of(value)) for value in operands],
                cond=self._condition(operands),
                body=self._body(operands),
            )
        )
        next(results)
        return [self._collect(lane, results) for lane in self.lanes]

    def _collect(self, lane: Lane, results: Iterator[ir.Value]) -> Run:
        emitted = next(results) if lane.emits else None
        states = [next(results) for _ in lane.states]
        for _ in self._only_read(lane):
            next(results)
        return Run(emitted=emitted, states=states)

    def _blank(self, lane: Lane) -> Values:
        """Zeros in which the steps write what they emit, shaped as the first state; FILL keeps them out of the file."""
        if not lane.emits:
            return []
        shape = (self.length, *shape_of(lane.states[0]))
        return [self.b.emit("FILL", [self.b.ints(shape), self.b.const(0, "float32")], shape=shape, dtype="float32")]

    @staticmethod
    def _only_read(lane: Lane) -> Values:
        """Operands that every step gives back as they are: a body sees nothing of the graph around it but constants."""
        return [*lane.sequences, *(value for value in lane.fixed if is_run_time(value))]

    def _condition(self, operands: Values) -> ir.Graph:
        b = self.b.inner()
        inputs = _parameters(operands)
        return closed_graph(b, "condition", inputs, [binary(b, "LESS", inputs[0], self.length)])

    def _body(self, operands: Values) -> ir.Graph:
        b = self.b.inner()
        inputs = _parameters(operands)
        left = iter(inputs)
        step = next(left)
        outputs = [binary(b, "ADD", step, 1)]
        for lane in self.lanes:
            time = binary(b, "SUB", b.const(self.length - 1, "int32"), step) if lane.reverse else step
            outputs += self._lane_body(b, lane, time, left)
        return closed_graph(b, "step", inputs, outputs)

    def _lane_body(self, b: Builder, lane: Lane, time: ir.Value, left: Iterator[ir.Value]) -> Values:
        blank = [next(left) for _ in range(lane.emits)]
        states = [next(left) for _ in lane.states]
        sequences = [next(left) for _ in lane.sequences]
        fixed = [next(left) if is_run_time(value) else own(value) for value in lane.fixed]
        entries = [gather(b, sequence, time, 0) for sequence in sequences]
        emitted, *after = lane.step(b, time, entries, states, fixed)
        written = [write_row(b, whole, emitted, time) for whole in blank]
        unchanged = [value for value, given in zip(fixed, lane.fixed, strict=True) if is_run_time(given)]
        return [*written, *after, *sequences, *unchanged]


def write_row(b: Builder, whole: ir.Value, entry: ir.Value, time: ir.Value) -> ir.Value:
    """`whole` with `entry` as its entry `time` on axis 0."""
    shape = shape_of(whole)
    zeros = [b.const(0, "int32")] * (len(shape) - 1)
    start = b.emit("PACK", [time, *zeros], shape=(len(shape),), dtype="int32", values_count=len(shape), axis=0)
    update = reshape(b, entry, (1, *shape[1:]))
    return b.emit("DYNAMIC_UPDATE_SLICE", [whole, update, start], shape=shape, dtype=dtype_of(whole))


def _parameters(operands: Values) -> Values:
    return [parameter(value, f"in{index}") for index, value in enumerate(operands)]
