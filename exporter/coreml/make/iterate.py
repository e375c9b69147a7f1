"""A loop of ONNX in the form that suits it: written out step by step where that is little, else MIL's while_loop."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.items import Item, TensorList, flat, like, same_form
from portproof.exporter.coreml.make.arithmetic import binary
from portproof.exporter.coreml.make.blocks import opaque, while_loop
from portproof.exporter.coreml.make.movement import concat, expand_dims, reshape
from portproof.exporter.coreml.values import Var, array_of, dtype_of, rank_of, shape_of
from portproof.exporter.lowering.refusal import Refusal

MOST_STEPS, MOST_OPERATORS = 16, 64
"""Steps, and operators of all of them together, up to which a loop is written out."""
MOST_FORCED = (512, 4096)
"""The same where it cannot be a while_loop: a list of tensors grows from step to step."""
_TYPES = {"float16": "fp16", "float32": "fp32", "int32": "int32", "bool": "bool"}


@dataclass(frozen=True, kw_only=True)
class Stepped:
    """What one step gave.

    Attributes:
        going: whether there is a next step, bool of one element; None where nothing ends the loop early.
        states: for the next step.
        rows: what it adds to each of the stacked outputs.
    """

    going: Var | None
    states: Sequence[Item]
    rows: Sequence[Var]


@dataclass(frozen=True, kw_only=True)
class Iteration:
    """A loop of ONNX.

    Attributes:
        step: called with the number of the step, an int32 scalar, and the states.
        states: before the first step.
        count: the most steps there are; None where that is not known when the file is written.
        late_count: the same at run time, an int32 scalar; None for no limit.
        going: whether there is a first step, where that is computed at run time.
        backwards: for each stacked output whether the first step gives its last row.
        ends: whether a step may say that it is the last.
    """

    step: Callable[[Var, Sequence[Item]], Stepped]
    states: Sequence[Item]
    count: int | None
    late_count: Var | None = None
    going: Var | None = None
    backwards: Sequence[bool]
    ends: bool = True


@dataclass(frozen=True, kw_only=True)
class Iterated:
    """What a loop gave: the states after the last step, and [steps, ...] for each stacked output."""

    states: Sequence[Item]
    stacked: Sequence[Var]


def iterate(b: Builder, loop: Iteration, *, most_steps: int = MOST_STEPS) -> Iterated:
    """Runs `loop`.

    Raises:
        Refusal: a step cannot be written.
    """
    if loop.count == 0:
        return _no_steps(b, loop)
    if loop.count is not None and loop.going is None:
        forced = any(isinstance(state, TensorList) for state in loop.states)
        limits = MOST_FORCED if forced else (most_steps, MOST_OPERATORS)
        written_out = _written_out(b, loop, *limits)
        if written_out is not None:
            return written_out
    return _While(b, loop).emit()


def _no_steps(b: Builder, loop: Iteration) -> Iterated:
    rows = loop.step(opaque(b, b.const(0, np.int32)), loop.states).rows
    return Iterated(states=loop.states, stacked=[b.const(np.zeros((0, *shape_of(row)), dtype_of(row))) for row in rows])


def _written_out(b: Builder, loop: Iteration, most_steps: int, most_operators: int) -> Iterated | None:
    """One step after the other; None where it would take too much, or the data say when it ends."""
    if loop.count is None or loop.count > most_steps:
        return None
    states, rows, first = loop.states, [], len(b.origins)
    for number in range(loop.count):
        done = loop.step(b.const(number, np.int32), states)
        states = done.states
        rows.append(done.rows)
        going = None if done.going is None else array_of(done.going)
        if done.going is not None and going is None:
            return None
        operators = len(b.origins) - first
        if not number and operators * loop.count > most_operators and most_steps == MOST_STEPS:
            return None
        if going is not None and not going.all():
            break
    return Iterated(states=states, stacked=_stacked(b, loop, rows))


def _stacked(b: Builder, loop: Iteration, rows: Sequence[Sequence[Var]]) -> list[Var]:
    stacked = []
    for index, backwards in enumerate(loop.backwards):
        parts = [expand_dims(b, row[index], [0]) for row in rows]
        stacked.append(concat(b, parts[::-1] if backwards else parts, 0))
    return stacked


class _While:
    """One while_loop over: the number of the step, whether it goes on, the states, a list for each stacked output.

    Whether it goes on is no value of the loop where only the number of steps ends it.
    """

    def __init__(self, b: Builder, loop: Iteration) -> None:
        self.b, self.loop = b, loop
        self.count = len(flat(loop.states))
        self.early = loop.ends or loop.going is not None or (loop.count is None and loop.late_count is None)
        self.endless = True  # until a step says otherwise

    def emit(self) -> Iterated:
        """Emits it."""
        b, loop = self.b, self.loop
        states = [opaque(b, state) for state in flat(loop.states)]
        rows = self._rows(states)
        values = [opaque(b, b.const(0, np.int32)), *self._first(), *states, *(self._list(row) for row in rows)]
        steps, *rest = while_loop(b, self._going, self._step, values)
        _, after, lists = self._parted(rest)
        stacked = [self._tensor(steps, *pair) for pair in zip(lists, rows, strict=True)]
        return Iterated(states=like(loop.states, after), stacked=stacked)

    def _first(self) -> list[Var]:
        """Whether there is a first step, where a value for it is carried."""
        if not self.early:
            return []
        going = self.loop.going
        return [opaque(self.b, self.b.const(True) if going is None else reshape(self.b, going, ()))]

    def _parted(self, values: Sequence[Var]) -> tuple[Sequence[Var], Sequence[Var], Sequence[Var]]:
        """What follows the number of the step: whether it goes on, the states, the lists."""
        states = int(self.early)
        lists = states + self.count
        return values[:states], values[states:lists], values[lists:]

    def _rows(self, states: Sequence[Var]) -> Sequence[Var]:
        """A step in front of the loop, for the shapes and types of its rows; what nothing reads is not written."""
        if not self.loop.backwards:
            return []
        time = opaque(self.b, self.b.const(0, np.int32))
        return self.loop.step(time, like(self.loop.states, states)).rows

    def _list(self, row: Var) -> Var:
        dtype = dtype_of(row)
        if dtype not in _TYPES:
            raise Refusal(f"it stacks rows of type {dtype}, of which MIL has no lists")
        sizes = self.loop.count
        return self.b.emit(
            "make_list",
            init_length=np.int32(1 if sizes is None else sizes),
            dynamic_length=sizes is None,
            elem_shape=tuple(np.int32(size) for size in shape_of(row) or (1,)),
            dtype=_TYPES[dtype],
        )

    def _going(self, time: Var, *values: Var) -> Var:
        limit = self.loop.late_count if self.loop.count is None else self.b.const(self.loop.count, np.int32)
        wanted = [] if limit is None else [binary(self.b, "less", time, limit)]
        both = [*wanted, *self._parted(values)[0]]
        return both[0] if len(both) == 1 else self.b.emit("logical_and", x=both[0], y=both[1])

    def _step(self, time: Var, *values: Var) -> list[Var]:
        b = self.b
        _, states, given = self._parted(values)
        done = self.loop.step(time, like(self.loop.states, states))
        if not same_form(self.loop.states, done.states):
            raise Refusal(
                "a sequence that goes from step to step changes its length",
                "make the number of steps a small constant of the model",
            )
        lists = [
            b.emit("list_write", ls=rows, index=self._place(time, backwards), value=_with_axis(b, row))
            for rows, row, backwards in zip(given, done.rows, self.loop.backwards, strict=True)
        ]
        return [binary(b, "add", time, 1), *self._on(done), *flat(done.states), *lists]

    def _on(self, done: Stepped) -> list[Var]:
        """Whether there is a next step, where a value for it is carried."""
        if not self.early:
            return []
        known = self.b.const(True) if done.going is None else done.going
        self.endless = self.endless and array_of(known) is not None and bool(array_of(known))
        return [reshape(self.b, known, ())]

    def _place(self, time: Var, backwards: bool) -> Var:
        if not backwards or self.loop.count is None:
            return time
        return self.b.emit("sub", x=np.int32(self.loop.count - 1), y=time)

    def _tensor(self, steps: Var, rows: Var, row: Var) -> Var:
        """As many rows as there were steps."""
        b = self.b
        if self.loop.count is not None and self.loop.going is None and self.endless:
            places = b.const(np.arange(self.loop.count), np.int32)
        else:
            places = b.emit("range_1d", start=np.int32(0), end=steps, step=np.int32(1))
        whole = b.emit("list_gather", ls=rows, indices=places)
        return whole if rank_of(row) else b.emit("squeeze", x=whole, axes=[1])


def _with_axis(b: Builder, row: Var) -> Var:
    """Lists hold no scalars."""
    return row if rank_of(row) else expand_dims(b, row, [0])
