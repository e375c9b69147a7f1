"""A loop of ONNX in the form that suits it: unrolled, or a WHILE."""

import math
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.items import flat, like, same_form
from portproof.exporter.tflite.make.arithmetic import binary, cast
from portproof.exporter.tflite.make.carrier import carried
from portproof.exporter.tflite.make.indices import COUNTS
from portproof.exporter.tflite.make.iteration import OPEN, Iterated, Iteration, unrolled
from portproof.exporter.tflite.make.known import calc
from portproof.exporter.tflite.make.late import of_late_shape
from portproof.exporter.tflite.make.loop import write_row
from portproof.exporter.tflite.make.movement import concat, reshape
from portproof.exporter.tflite.make.selection import opened
from portproof.exporter.tflite.make.subgraph import Operands, closed_graph, parameter
from portproof.exporter.tflite.values import array_of, dtype_of, shape_of

MOST_STEPS, MOST_NODES = 16, 64
"""Steps, and operators of all of them together, up to which a loop is written out: a WHILE takes 1 us a step."""
MOST_WEIGHT_BYTES = 2**20
"""Constants of all steps together up to which it is: XNNPACK packs them for every step, and caches hold no more.

Both are measured: decision record 12.
"""
MOST_FORCED = (512, 4096)
"""Steps and operators up to which it is written out where it cannot be a WHILE: its tensors change their shapes."""
_MOST_ELEMENTS = 2**24
"""Of rows that a run may not need, so many are set aside."""
_UNKNOWN = 2
"""Rows that are written in the file where only a run knows them: not 1, for which passes know short cuts."""
_WRITTEN = frozenset({"float32", "bool", "int8", "int32", "int64"})
"""Types of FILL and DYNAMIC_UPDATE_SLICE."""


def iterate(b: Builder, loop: Iteration) -> Iterated:
    """Runs `loop`.

    Raises:
        Refusal: a step cannot be written, or a number of rows is not known when the file is written.
    """
    if loop.count == 0 and not loop.backwards:
        return Iterated(states=loop.states, stacked=[])
    try:
        whole = _While(b, loop)
    except Refusal:
        most_steps, most_nodes = MOST_FORCED
        written_out = unrolled(b, loop, most_steps=most_steps, most_nodes=most_nodes)
        if written_out is None:
            raise
        return written_out
    steps = whole.steps_to_write_out
    if loop.count is not None and loop.count > steps:
        return whole.emit()
    return unrolled(b, loop, most_steps=steps, most_nodes=MOST_NODES) or whole.emit()


class _While:
    """One WHILE. Its operands: the number of the step, whether it goes on, states, stacked outputs, what is only read.

    Whether it goes on is an operand only where that is not known. Only read are `free`, and the limit of steps where
    that is computed at run time.
    """

    def __init__(self, b: Builder, loop: Iteration) -> None:
        self.b = b
        self.loop = loop
        self.inner = b.inner()
        late = [] if loop.late_count is None else [loop.late_count]
        self.read = Operands([*late, *loop.free])
        self.read_inputs, items = self.read.parameters("read")
        self.time = parameter(b.const(0, "int32"), "time")
        self.time.meta[COUNTS] = True
        self.states = [parameter(value, f"state{index}") for index, value in enumerate(flat(loop.states))]
        self.done = loop.step(self.inner, self.time, like(loop.states, self.states), items[len(late) :])
        self._check_states()
        going = array_of(self.done.going)
        self.endless = loop.going is None and going is not None and bool(going.all())

        self.steps_to_write_out = self._steps_to_write_out()

    def _steps_to_write_out(self) -> int:
        nodes = self.inner.nodes
        constants = {value: array for node in nodes for value in node.inputs if (array := array_of(value)) is not None}
        size = sum(array.nbytes for array in constants.values())
        return max(min(MOST_STEPS, MOST_NODES // max(len(nodes), 1), MOST_WEIGHT_BYTES // max(size, 1)), 1)

    def _check_states(self) -> None:
        if not same_form(self.loop.states, self.done.states):
            raise Refusal("a sequence that goes from step to step changes its length", _KEEP)
        names = self.loop.names if len(self.loop.names) == len(self.states) else ["a value"] * len(self.states)
        for name, old, new in zip(names, self.states, flat(self.done.states), strict=True):
            if shape_of(old) != shape_of(new):
                shapes = f"{list(shape_of(old))} before a step and {list(shape_of(new))} after it"
                raise Refusal(f"{name}, which goes from step to step, has the shape {shapes}", _KEEP)

    def emit(self) -> Iterated:
        """Emits it."""
        if self.loop.count == 0:
            empty = [self.b.const(np.zeros((0, *shape_of(row)), dtype_of(row))) for row in self.done.rows]
            return Iterated(states=self.loop.states, stacked=empty)
        states = flat(self.loop.states)
        blanks = [self._blank(*rows, row) for rows, row in zip(self._sizes(), self.done.rows, strict=True)]
        head = [self.b.const(0, "int32"), *self._going()]
        operands = [*head, *states, *blanks, *self.read.run_time]
        results = self.b.emit_many(
            "WHILE",
            operands,
            outputs=[(shape_of(value), dtype_of(value)) for value in operands],
            cond=self._condition(operands),
            body=self._body(blanks),
        )
        after = list(results[len(head) :])
        rows = after[len(states) : len(states) + len(blanks)]
        how = zip(rows, self.done.rows, self.loop.declared, strict=True)
        stacked = [self._trimmed(y, row, results[0], declared) for y, row, declared in how]
        return Iterated(states=like(self.loop.states, after[: len(states)]), stacked=stacked)

    def _going(self) -> list[ir.Value]:
        """Whether there is a first step, where that or whether there are more is not known."""
        if self.endless:
            return []
        return [self.b.const(True) if self.loop.going is None else reshape(self.b, self.loop.going, ())]

    @property
    def _counted(self) -> bool:
        """Whether the number of steps is known."""
        return self.endless and self.loop.count is not None

    def _sizes(self) -> list[tuple[int, ir.Value | None]]:
        """The rows of each stacked output, and where they are known only at run time, these."""
        if self._counted and self.loop.count is not None:
            return [(self.loop.count, None)] * len(self.done.rows)
        return [self._rows(size, row) for size, row in zip(self.loop.declared, self.done.rows, strict=True)]

    def _rows(self, declared: int | None, row: ir.Value) -> tuple[int, ir.Value | None]:
        most = self.loop.count
        if declared is not None and declared != OPEN:
            return declared, None
        if declared == OPEN and self.loop.late_count is not None:
            return _UNKNOWN, calc(self.b, "MAXIMUM", self.loop.late_count, 1)  # a row fits, though none be written
        if declared == OPEN and most is not None and most * math.prod(shape_of(row)) <= _MOST_ELEMENTS:
            return most, None
        raise Refusal(
            "it stacks a row a step, and the number of steps is known only at run time",
            "declare the number of rows, make the number of steps a constant, or let nothing read them but the caller",
        )

    def _blank(self, rows: int, late: ir.Value | None, row: ir.Value) -> ir.Value:
        """What the steps write their rows into; FILL keeps its zeros out of the file."""
        dtype = dtype_of(carried(self.b.inner(), row, _WRITTEN, "a stacked output"))
        shape = (rows, *shape_of(row))
        sizes = self.b.ints(shape) if late is None else self._sizes_of(late, row)
        return self.b.emit("FILL", [sizes, self.b.const(np.zeros((), dtype))], shape=shape, dtype=dtype)

    def _sizes_of(self, rows: ir.Value, row: ir.Value) -> ir.Value:
        """The shape of so many rows, int32."""
        rest = [self.b.ints(shape_of(row))] if shape_of(row) else []
        return concat(self.b, [reshape(self.b, rows, (1,)), *rest], 0)

    def _trimmed(self, whole: ir.Value, row: ir.Value, steps: ir.Value, declared: int | None) -> ir.Value:
        """In its own type; as many rows as there were steps, an error at run time where the model declares others."""
        y = cast(self.b, whole, dtype_of(row))
        if self._counted:
            return y
        sizes = self._sizes_of(steps, row)
        if declared != OPEN:
            return of_late_shape(self.b, y, sizes)
        shape = shape_of(y)
        return opened(
            self.b.emit("SLICE", [y, self.b.ints([0] * len(shape)), sizes], shape=shape, dtype=dtype_of(y)), 0
        )

    def _condition(self, operands: Sequence[ir.Value]) -> ir.Graph:
        b = self.b.inner()
        inputs = [parameter(value, f"in{index}") for index, value in enumerate(operands)]
        limit: ir.Value | int | None = self.loop.count
        if self.loop.late_count is not None:
            limit = inputs[len(inputs) - len(self.read.run_time)]
        parts = [] if limit is None else [binary(b, "LESS", inputs[0], limit)]
        parts += [] if self.endless else [inputs[1]]
        result = binary(b, "LOGICAL_AND", *parts) if len(parts) == 2 else parts[0] if parts else b.const(True)
        return closed_graph(b, "condition", inputs, [result])

    def _body(self, blanks: Sequence[ir.Value]) -> ir.Graph:
        b = self.inner
        wholes = [parameter(value, f"rows{index}") for index, value in enumerate(blanks)]
        written = [self._write(whole, index) for index, whole in enumerate(wholes)]
        going = [] if self.endless else [parameter(b.const(True), "going")]
        on = [] if self.endless else [reshape(b, self.done.going, ())]
        outputs = [binary(b, "ADD", self.time, 1), *on, *flat(self.done.states), *written, *self.read_inputs]
        return closed_graph(b, "step", [self.time, *going, *self.states, *wholes, *self.read_inputs], outputs)

    def _write(self, whole: ir.Value, index: int) -> ir.Value:
        """`whole` with the row of this step."""
        b = self.inner
        shape = shape_of(whole)
        place = self.time
        if self.loop.backwards[index]:
            place = binary(b, "SUB", b.const(shape[0] - 1, "int32"), place)
        row = carried(b, self.done.rows[index], _WRITTEN, "a stacked output")
        return write_row(b, whole, row, place)


_KEEP = "keep its shape, or make the number of steps a small constant of the model"
