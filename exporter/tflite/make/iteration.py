"""A step repeated: written out step by step where that is little, else once, as the body of a WHILE.

Unlike `loop`, which is made for recurrent layers, it takes any step: the number of steps may be known only at run time,
a step may say that it was the last one, and what goes from step to step may be lists of tensors.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.items import Item
from portproof.exporter.tflite.make.movement import concat, reshape
from portproof.exporter.tflite.values import array_of, shape_of

OPEN = -1
"""A number of rows that is known only after a run; -1 in the file's signature too."""


@dataclass(frozen=True, kw_only=True)
class Stepped:
    """What one step gave.

    Attributes:
        going: whether there is a next step, bool of one element.
        states: for the next step.
        rows: what it adds to each of the stacked outputs.
    """

    going: ir.Value
    states: Sequence[Item]
    rows: Sequence[ir.Value]


Step = Callable[[Builder, ir.Value, Sequence[Item], Sequence[Item]], Stepped]


@dataclass(frozen=True, kw_only=True)
class Iteration:
    """A loop of ONNX.

    Attributes:
        step: called as ``step(b, time, states, free)`` with the number of the step, an int32 scalar.
        states: before the first step.
        free: what every step reads.
        count: the most steps there are; None where that is not known when the file is written.
        late_count: the same at run time, an int32 scalar; None for no limit.
        going: whether there is a first step, where that is computed at run time.
        backwards: for each stacked output whether the first step gives its last row; needs `count`.
        declared: for each stacked output the number of rows that the model declares, None where it does not, or `OPEN`
            where the data may decide it because nothing in the model reads it.
        names: of the states, for messages.
    """

    step: Step
    states: Sequence[Item]
    free: Sequence[Item]
    count: int | None
    late_count: ir.Value | None = None
    going: ir.Value | None = None
    backwards: Sequence[bool]
    declared: Sequence[int | None]
    names: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Iterated:
    """What a loop gave: the states after the last step, and [steps, ...] for each stacked output."""

    states: Sequence[Item]
    stacked: Sequence[ir.Value]


def unrolled(b: Builder, loop: Iteration, *, most_steps: int, most_nodes: int) -> Iterated | None:
    """One step after the other; None where the number of steps is not known, or it would take too much."""
    if loop.going is not None or loop.late_count is not None or loop.count == 0:
        return None
    first = len(b.nodes)
    steps: list[Stepped] = []
    states = loop.states
    while len(steps) < most_steps and len(b.nodes) - first <= most_nodes:
        steps.append(loop.step(b, b.const(len(steps), "int32"), states, loop.free))
        states = steps[-1].states
        going = array_of(steps[-1].going)
        if len(steps) == loop.count or (going is not None and not going.all()):
            return Iterated(states=states, stacked=_stacked(b, loop, [step.rows for step in steps]))
        if going is None:
            break
    discard(b, first)
    return None


def _stacked(b: Builder, loop: Iteration, rows: Sequence[Sequence[ir.Value]]) -> list[ir.Value]:
    stacked = []
    for index, backwards in enumerate(loop.backwards):
        parts = [reshape(b, row[index], (1, *shape_of(row[index]))) for row in rows]
        if len({shape_of(part) for part in parts}) > 1:
            raise Refusal("a stacked output has rows of different shapes")
        stacked.append(concat(b, parts[::-1] if backwards else parts, 0))
    return stacked


def discard(b: Builder, first: int) -> None:
    """Takes back the nodes from number `first` on, so that nothing counts as read by them."""
    for node in b.nodes[first:]:
        for index in range(len(node.inputs)):
            node.replace_input_with(index, None)
    del b.nodes[first:]
