"""A recurrent layer of ONNX around a cell: directions, layout, sequence lengths, initial and final states."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.recurrent import Activation, of_directions, reverses
from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast, select
from portproof.exporter.tflite.make.floats import as_float32
from portproof.exporter.tflite.make.loop import Lane, Run, Values, run_lanes
from portproof.exporter.tflite.make.movement import concat, reshape, transpose
from portproof.exporter.tflite.make.outputs import is_read
from portproof.exporter.tflite.recurrent.activations import FUNCTIONS
from portproof.exporter.tflite.recurrent.linear import rows
from portproof.exporter.tflite.values import array_of, dtype_of, rank_of, shape_of


@dataclass(frozen=True, kw_only=True)
class Weights:
    """The parameters of one direction, float32, G gates of H units.

    Attributes:
        w: [G * H, input size].
        r: [G * H, H].
        input_bias: [G * H], or None for zeros.
        recurrent_bias: [G * H], or None for zeros.
        peepholes: [3 * H], or None where there are none.
        functions: the activations of the direction.
    """

    w: ir.Value
    r: ir.Value
    input_bias: ir.Value | None
    recurrent_bias: ir.Value | None
    peepholes: ir.Value | None
    functions: Sequence[Activation[ir.Value]]

    @property
    def units(self) -> int:
        """H."""
        return shape_of(self.r)[1]


class Cell(Protocol):
    """What a step computes."""

    def project(self, b: Builder, x: ir.Value) -> Values:
        """What the inputs [time, batch, input size] of all steps give at once: sequences [time, batch, ...]."""

    def fixed(self) -> Values:
        """What `step` needs of the weights."""

    def step(self, b: Builder, entries: Values, states: Values, fixed: Values) -> Values:
        """The new states [batch, H] from the entries of this step; the first is what the layer emits."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A node LSTM, GRU or RNN: its inputs and attributes, as the ONNX schema names them.

    Attributes:
        initial: the initial states, None for zeros; as many as the cell has states.
        functions: how many activations a direction has, and which where the node names none.
    """

    x: ir.Value
    w: ir.Value
    r: ir.Value
    bias: ir.Value | None
    lengths: ir.Value | None
    initial: Sequence[ir.Value | None]
    peepholes: ir.Value | None = None
    functions: Sequence[str]
    names: Sequence[str] | None
    alphas: Sequence[float] | None
    betas: Sequence[float] | None
    direction: str
    batch_first: bool

    def lower(self, b: Builder, cell: Callable[[Builder, Weights], Cell]) -> Sequence[ir.Value | None]:
        """The node's outputs: Y, then the final states; None for those that nothing reads.

        Raises:
            Refusal: types, activations or lengths that cannot be expressed.
        """
        dtype = dtype_of(self.x)
        x = as_float32(b, self.x, b.source.op_type if b.source is not None else "this layer")
        x = transpose(b, x, (1, 0, 2)) if self.batch_first else x
        time, batch, _ = shape_of(x)
        if 0 in shape_of(x):
            raise Refusal("a sequence or batch of no elements")
        lengths = _lengths(b, self.lengths, time)
        states = [self._initial(b, value, batch) for value in self.initial]
        lanes = [
            _lane(b, cell(b, weights), x, [state[index] for state in states], lengths, reverse=reverse)
            for index, (weights, reverse) in enumerate(zip(self._weights(b), self._reverse(), strict=True))
        ]
        outputs = self._outputs(b, [_cleared(b, run, self.initial, lengths) for run in run_lanes(b, lanes, time)])
        return [None if value is None else cast(b, value, dtype) for value in outputs]

    def _reverse(self) -> list[bool]:
        return reverses(self.direction, shape_of(self.w)[0])

    def _weights(self, b: Builder) -> list[Weights]:
        found = of_directions(
            self.names,
            self.alphas,
            self.betas,
            usual=self.functions,
            count=len(self._reverse()),
            functions=FUNCTIONS,
        )
        return [self._direction(b, index, functions) for index, functions in enumerate(found)]

    def _direction(self, b: Builder, index: int, functions: Sequence[Activation[ir.Value]]) -> Weights:
        w, r, bias, peepholes = (_entry(b, value, index) for value in (self.w, self.r, self.bias, self.peepholes))
        if w is None or r is None:
            raise Refusal("W and R are required")
        size = shape_of(r)[0]
        return Weights(
            w=w,
            r=r,
            input_bias=rows(b, bias, 0, size),
            recurrent_bias=rows(b, bias, size, size),
            peepholes=peepholes,
            functions=functions,
        )

    def _initial(self, b: Builder, value: ir.Value | None, batch: int) -> Values:
        """For each direction [batch, H]."""
        count, _, units = shape_of(self.r)
        if value is None:
            return [b.const(np.zeros((batch, units), np.float32)) for _ in range(count)]
        value = transpose(b, value, (1, 0, 2)) if self.batch_first else value
        return [entry for entry in (_entry(b, value, index) for index in range(count)) if entry is not None]

    def _outputs(self, b: Builder, runs: Sequence[Run]) -> list[ir.Value | None]:
        emitted = [run.emitted for run in runs if run.emitted is not None]
        whole = _stacked(b, emitted, 1) if emitted else None
        if whole is not None and self.batch_first:
            whole = transpose(b, whole, (2, 0, 1, 3))
        finals = [_stacked(b, [run.states[k] for run in runs], 0) for k in range(len(self.initial))]
        finals = [transpose(b, value, (1, 0, 2)) if self.batch_first else value for value in finals]
        return [whole, *finals]


def _entry(b: Builder, value: ir.Value | None, index: int) -> ir.Value | None:
    """Entry `index` of axis 0, as float32."""
    entry = rows(b, value, index, 1)
    return None if entry is None else reshape(b, cast(b, entry, "float32"), shape_of(entry)[1:])


def _stacked(b: Builder, values: Values, axis: int) -> ir.Value:
    """`values` along a new axis."""
    shape = shape_of(values[0])
    return concat(b, [reshape(b, value, (*shape[:axis], 1, *shape[axis:])) for value in values], axis)


def _lengths(b: Builder, lengths: ir.Value | None, time: int) -> ir.Value | None:
    """int32 [batch, 1], or None where all sequences have all steps."""
    if lengths is None:
        return None
    array = array_of(lengths)
    if array is not None and ((array < 0) | (array > time)).any():
        raise Refusal(f"sequence_lens outside of 0 to {time}")
    if array is not None and (array == time).all():
        return None
    return reshape(b, cast(b, lengths, "int32"), (*shape_of(lengths), 1))


def _cleared(b: Builder, run: Run, initial: Sequence[ir.Value | None], lengths: ir.Value | None) -> Run:
    """The final state of a sequence of no steps is 0, whatever the initial one, as ONNX Runtime has it."""
    if lengths is None or all(value is None for value in initial):
        return run
    any_step = binary(b, "GREATER", lengths, 0)
    return replace(run, states=[select(b, any_step, state, _zero(b, state)) for state in run.states])


def _zero(b: Builder, like: ir.Value) -> ir.Value:
    """A zero that broadcasts to `like`."""
    return b.const(np.zeros((1,) * rank_of(like), np.float32))


def _lane(b: Builder, cell: Cell, x: ir.Value, states: Values, lengths: ir.Value | None, *, reverse: bool) -> Lane:
    def step(b: Builder, time: ir.Value, entries: Values, states: Values, fixed: Values) -> Values:
        if lengths is None:
            after = cell.step(b, entries, states, fixed)
            return [after[0], *after]
        inside = binary(b, "LESS", time, fixed[-1])
        after = cell.step(b, entries, states, fixed[:-1])
        kept = [select(b, inside, new, old) for new, old in zip(after, states, strict=True)]
        return [select(b, inside, after[0], _zero(b, after[0])), *kept]

    fixed = [*cell.fixed(), *([] if lengths is None else [lengths])]
    return Lane(
        sequences=cell.project(b, x), states=states, fixed=fixed, step=step, reverse=reverse, emits=is_read(b, 0)
    )
