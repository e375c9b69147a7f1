"""A recurrent layer of ONNX: directions, layout, sequence lengths, states; MIL's operator, or a loop over a cell."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary, select
from portproof.exporter.coreml.make.iterate import Iteration, Stepped, iterate
from portproof.exporter.coreml.make.movement import box, concat, expand_dims, gather, reshape, transpose
from portproof.exporter.coreml.make.parameter import has_output
from portproof.exporter.coreml.recurrent.activations import FUNCTIONS
from portproof.exporter.coreml.values import Array, Var, array_of, dtype_of, is_float, is_var, shape_of
from portproof.exporter.lowering.recurrent import Activation, of_directions, reverses
from portproof.exporter.lowering.refusal import Refusal

_MOST_STEPS = 4
"""Steps of a cell that are written out: the loop keeps one copy of the weights."""


@dataclass(frozen=True, kw_only=True)
class Weights:
    """The parameters of one direction, G gates of H units.

    Attributes:
        w: [G * H, input size].
        r: [G * H, H].
        input_bias: [G * H], or None for zeros.
        recurrent_bias: [G * H], or None for zeros.
        peepholes: [3 * H], or None where there are none.
        functions: the activations of the direction.
    """

    w: Var
    r: Var
    input_bias: Var | None
    recurrent_bias: Var | None
    peepholes: Var | None
    functions: Sequence[Activation[Var]]

    @property
    def units(self) -> int:
        """H."""
        return shape_of(self.r)[1]

    @property
    def gates(self) -> int:
        """G."""
        return shape_of(self.r)[0] // self.units

    def held(self) -> bool:
        """Whether all of them are constants."""
        return all(array_of(x) is not None for x in (self.w, self.r, self.input_bias, self.recurrent_bias) if is_var(x))

    def arrays(self, order: Sequence[int]) -> tuple[Array, Array, Array]:
        """Constant w, r and the sum of the biases, with the gates in another order."""
        first, second = self.biases(order)
        w, r = (_ordered(array_of(x), order) for x in (self.w, self.r))
        return w, r, first + second

    def biases(self, order: Sequence[int]) -> tuple[Array, Array]:
        """Constant biases of the input and of the state, with the gates in another order."""
        zeros = np.zeros(shape_of(self.r)[0], dtype_of(self.r))
        first, second = (
            zeros if bias is None else _ordered(array_of(bias), order)
            for bias in (self.input_bias, self.recurrent_bias)
        )
        return first, second

    def bias(self, b: Builder) -> Var | None:
        """The sum of both biases."""
        if self.input_bias is None or self.recurrent_bias is None:
            return self.recurrent_bias if self.input_bias is None else self.input_bias
        return binary(b, "add", self.input_bias, self.recurrent_bias)


def _ordered(array: Array | None, order: Sequence[int]) -> Array:
    parts = np.split(np.asarray(array), len(order))
    return np.ascontiguousarray(np.concatenate([parts[gate] for gate in order]))


class Cell(Protocol):
    """What a step computes."""

    def project(self, b: Builder, x: Var) -> Sequence[Var]:
        """What the inputs [time, batch, input size] of all steps give at once: sequences [time, batch, ...]."""

    def step(self, b: Builder, entries: Sequence[Var], states: Sequence[Var]) -> Sequence[Var]:
        """The new states [batch, H] from the entries of this step; the first is what the layer emits."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a direction gives: [time, batch, H], and the final states [batch, H]."""

    emitted: Var
    states: Sequence[Var]


Fused = Callable[[Builder, Var, Weights, Sequence[Var]], Run]
"""One direction from front to back, by MIL's operator: of x, the weights and the initial states."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A node LSTM, GRU or RNN: its inputs and attributes, as the ONNX schema names them.

    Attributes:
        initial: the initial states, None for zeros; as many as the cell has states.
        functions: how many activations a direction has, and which where the node names none.
        cell: makes the cell of a direction.
        fused: MIL's operator in place of the cell; None where `fits` says that it does not do it.
        fits: whether MIL's operator does what a direction asks for.
    """

    x: Var
    w: Var
    r: Var
    bias: Var | None
    lengths: Var | None
    initial: Sequence[Var | None]
    peepholes: Var | None = None
    functions: Sequence[str]
    names: Sequence[str] | None
    alphas: Sequence[float] | None
    betas: Sequence[float] | None
    direction: str
    batch_first: bool
    cell: Callable[[Builder, Weights], Cell]
    fused: Fused
    fits: Callable[[Weights], bool]

    def lower(self, b: Builder) -> Sequence[Var | None]:
        """The node's outputs: Y, then the final states.

        Raises:
            Refusal: types, activations or lengths that cannot be expressed.
        """
        if not is_float(self.x):
            raise Refusal(f"it computes in {dtype_of(self.x)}", "use float32")
        x = transpose(b, self.x, (1, 0, 2)) if self.batch_first else self.x
        lengths = _lengths(b, self.lengths, x)
        runs = []
        for index, (weights, reverse) in enumerate(zip(self._weights(b), self._reverse(), strict=True)):
            states = [self._initial(b, value, index, x) for value in self.initial]
            if lengths is None and weights.held() and self.fits(weights):
                runs.append(_whole(b, x, weights, states, self.fused, reverse=reverse))
            else:
                run = _stepped(b, self.cell(b, weights), x, states, lengths, reverse=reverse)
                runs.append(_cleared(b, run, self.initial, lengths))
        return self._outputs(b, runs)

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

    def _direction(self, b: Builder, index: int, functions: Sequence[Activation[Var]]) -> Weights:
        w, r = entry(b, self.w, index), entry(b, self.r, index)
        bias, peepholes = (None if x is None else entry(b, x, index) for x in (self.bias, self.peepholes))
        size = shape_of(r)[0]
        return Weights(
            w=w,
            r=r,
            input_bias=None if bias is None else box(b, bias, 0, 0, size),
            recurrent_bias=None if bias is None else box(b, bias, 0, size, size),
            peepholes=peepholes,
            functions=functions,
        )

    def _initial(self, b: Builder, value: Var | None, index: int, x: Var) -> Var:
        """[batch, H] of one direction."""
        units = shape_of(self.r)[2]
        if value is not None:
            return entry(b, transpose(b, value, (1, 0, 2)) if self.batch_first else value, index)
        if isinstance(x.shape[1], int | np.integer):
            return b.const(np.zeros((int(x.shape[1]), units), dtype_of(x)))
        batch = b.emit("slice_by_index", x=b.emit("shape", x=x), begin=[1], end=[2])
        sizes = b.emit("concat", values=[batch, np.array([units], np.int32)], axis=0)
        return b.emit("fill", shape=sizes, value=b.like(0, x))

    def _outputs(self, b: Builder, runs: Sequence[Run]) -> list[Var | None]:
        whole = None
        if has_output(b, 0):
            whole = concat(b, [expand_dims(b, run.emitted, [1]) for run in runs], 1)
            whole = transpose(b, whole, (2, 0, 1, 3)) if self.batch_first else whole
        finals: list[Var | None] = []
        for place in range(len(self.initial)):
            final = concat(b, [expand_dims(b, run.states[place], [0]) for run in runs], 0)
            finals.append(transpose(b, final, (1, 0, 2)) if self.batch_first else final)
        return [whole, *finals]


def entry(b: Builder, x: Var, index: int) -> Var:
    """Entry `index` of axis 0."""
    one = box(b, x, 0, index, 1)
    array = array_of(one)
    return b.const(array[0]) if array is not None else b.emit("squeeze", x=one, axes=[0])


def linear(b: Builder, x: Var, weights: Var, bias: Var | None = None) -> Var:
    """x[..., K] times weights[N, K], plus bias[N]."""
    held, added = array_of(weights), array_of(bias)
    if held is not None and (bias is None or added is not None):
        return b.emit("linear", x=x, weight=held, bias=added)
    product = b.emit("matmul", x=x, y=weights, transpose_x=False, transpose_y=True)
    return product if bias is None else binary(b, "add", product, bias)


def _whole(b: Builder, x: Var, weights: Weights, states: Sequence[Var], fused: Fused, *, reverse: bool) -> Run:
    """MIL's operator on the sequence as it is, or turned round: what its own direction gives back is not written."""
    if not reverse:
        return fused(b, x, weights, states)
    run = fused(b, b.emit("reverse", x=x, axes=[0]), weights, states)
    return Run(emitted=b.emit("reverse", x=run.emitted, axes=[0]), states=run.states)


def _lengths(b: Builder, lengths: Var | None, x: Var) -> Var | None:
    """int32 [batch, 1], or None where all sequences have all steps."""
    if lengths is None:
        return None
    array, time = array_of(lengths), shape_of(x)[0]
    if array is not None and ((array < 0) | (array > time)).any():
        raise Refusal(f"sequence_lens outside of 0 to {time}")
    if array is not None and (array == time).all():
        return None
    return reshape(b, lengths, (*shape_of(lengths), 1))


def _cleared(b: Builder, run: Run, initial: Sequence[Var | None], lengths: Var | None) -> Run:
    """The final state of a sequence of no steps is 0, whatever the initial one, as ONNX Runtime has it."""
    if lengths is None or all(value is None for value in initial):
        return run
    any_step = binary(b, "greater", lengths, 0)
    return Run(emitted=run.emitted, states=[select(b, any_step, state, 0) for state in run.states])


def _stepped(b: Builder, cell: Cell, x: Var, states: Sequence[Var], lengths: Var | None, *, reverse: bool) -> Run:
    sequences = cell.project(b, x)
    time = shape_of(x)[0]

    def step(number: Var, before: Sequence[Var]) -> Stepped:
        known = array_of(number)
        if known is not None:
            place = b.const(time - 1 - int(known) if reverse else int(known), np.int32)
        else:
            place = b.emit("sub", x=np.int32(time - 1), y=number) if reverse else number
        entries = [_entry_at(b, sequence, place) for sequence in sequences]
        after = cell.step(b, entries, before)
        emitted = after[0]
        if lengths is not None:
            inside = binary(b, "greater", lengths, place)
            after = [select(b, inside, new, old) for new, old in zip(after, before, strict=True)]
            emitted = select(b, inside, emitted, 0)
        return Stepped(going=None, states=after, rows=[emitted])

    done = iterate(
        b, Iteration(step=step, states=states, count=time, backwards=[reverse], ends=False), most_steps=_MOST_STEPS
    )
    return Run(emitted=done.stacked[0], states=done.states)


def _entry_at(b: Builder, sequence: Var, place: Var) -> Var:
    known = array_of(place)
    return gather(b, sequence, place, 0) if known is None else entry(b, sequence, int(known))
