"""GRU and LSTM, one step after the other: Core AI has no operator for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from portproof.exporter.coreai.builder import Builder
from portproof.exporter.coreai.registry import onnx_op
from portproof.exporter.coreai.tensors import Array, Tensor, array_of
from portproof.exporter.lowering.refusal import Refusal

_MOST_STEPS = 512
_NOTE = "constant weights, the usual activations; neither lengths, clip, peepholes nor layout=1"


@dataclass(frozen=True, kw_only=True)
class _Cell:
    """The weights of one direction: w [gates * units, inputs], r [gates * units, units], both halves of the bias."""

    w: Array
    r: Array
    input_bias: Array
    bias: Array
    reset_after: bool = False

    @property
    def units(self) -> int:
        return int(self.r.shape[1])


@onnx_op("GRU", since=7, note=_NOTE)
def gru(
    b: Builder,
    x: Tensor,
    w: Tensor,
    r: Tensor,
    bias: Tensor | None = None,
    lengths: Tensor | None = None,
    initial_h: Tensor | None = None,
    *,
    activation_alpha: Sequence[float] | None,
    activation_beta: Sequence[float] | None,
    activations: Sequence[str] | None,
    clip: float | None,
    direction: str,
    hidden_size: int | None,
    layout: int | None,
    linear_before_reset: int,
) -> list[Tensor]:
    """Gates in the order update, reset, hidden."""
    _check(x, activations, ["Sigmoid", "Tanh"])
    _check_rest(lengths, clip, layout, activation_alpha, activation_beta)
    cells = _cells(w, r, bias, bool(linear_before_reset))
    return _run(b, x, cells, direction, [initial_h], _gru_step)


@onnx_op("LSTM", since=7, note=_NOTE)
def lstm(
    b: Builder,
    x: Tensor,
    w: Tensor,
    r: Tensor,
    bias: Tensor | None = None,
    lengths: Tensor | None = None,
    initial_h: Tensor | None = None,
    initial_c: Tensor | None = None,
    peepholes: Tensor | None = None,
    *,
    activation_alpha: Sequence[float] | None,
    activation_beta: Sequence[float] | None,
    activations: Sequence[str] | None,
    clip: float | None,
    direction: str,
    hidden_size: int | None,
    input_forget: int | None,
    layout: int | None,
) -> list[Tensor]:
    """Gates in the order input, output, forget, cell."""
    _check(x, activations, ["Sigmoid", "Tanh", "Tanh"])
    _check_rest(lengths, clip, layout, activation_alpha, activation_beta)
    if peepholes is not None or input_forget:
        raise Refusal("peepholes and input_forget are not written", "use torch's LSTM, which has neither")
    return _run(b, x, _cells(w, r, bias, False), direction, [initial_h, initial_c], _lstm_step)


def _check(x: Tensor, activations: Sequence[str] | None, usual: Sequence[str]) -> None:
    given = [name.lower() for name in activations or []]
    count = len(usual)
    names = [name.lower() for name in usual]
    if any(given[k : k + count] != names for k in range(0, len(given), count)):
        raise Refusal(f"activations {given} are not written", f"use {', '.join(usual)}")
    if x.shape[0] > _MOST_STEPS:
        raise Refusal(
            f"{x.shape[0]} steps are written out one by one; {_MOST_STEPS} is the limit", "give shorter parts"
        )


def _check_rest(*given: object) -> None:
    if any(item is not None and item != 0 for item in given):
        raise Refusal("lengths, clip, layout=1 and alpha are not written", "give whole sequences, time first")


def _cells(w: Tensor, r: Tensor, bias: Tensor | None, reset_after: bool) -> list[_Cell]:
    weights, inner = array_of(w, "weight"), array_of(r, "recurrent weight")
    rows = weights.shape[1]
    both = np.zeros((len(weights), 2 * rows), weights.dtype) if bias is None else array_of(bias, "bias")
    return [
        _Cell(w=one, r=two, input_bias=row[:rows], bias=row[rows:], reset_after=reset_after)
        for one, two, row in zip(weights, inner, both, strict=True)
    ]


def _run(
    b: Builder, x: Tensor, cells: Sequence[_Cell], direction: str, initial: Sequence[Tensor | None], step: Any
) -> list[Tensor]:
    """All steps of all directions: Y [steps, directions, batch, units], then each state [directions, batch, units]."""
    emitted, finals = [], []
    for number, cell in enumerate(cells):
        backwards = direction == "reverse" or number == 1
        states = [_start(b, item, number, x, cell) for item in initial]
        entries = _steps(b, _linear(b, x, cell.w, cell.input_bias))
        results = []
        for entry in reversed(entries) if backwards else entries:
            states = step(b, cell, entry, states)
            results.append(b.reshape(states[0], (1, 1, *states[0].shape)))
        ordered = results[::-1] if backwards else results
        emitted.append(_joined(b, ordered, 0))
        finals.append([b.reshape(state, (1, *state.shape)) for state in states])
    return [_joined(b, emitted, 1), *(_joined(b, list(states), 0) for states in zip(*finals, strict=True))]


def _gru_step(b: Builder, cell: _Cell, entry: Tensor, states: Sequence[Tensor]) -> list[Tensor]:
    """h' = (1 - z) n + z h, as n + z (h - n)."""
    (h,), units = states, cell.units
    inner = _linear(b, h, cell.r[: 2 * units], cell.bias[: 2 * units])
    outer, new = _columns(b, entry, [2 * units, units])
    z, reset = _columns(b, b.emit("sigmoid", b.emit("broadcasting_add", outer, inner)), [units, units])
    last, shift = cell.r[2 * units :], cell.bias[2 * units :]
    if cell.reset_after:
        kept = b.emit("broadcasting_mul", reset, _linear(b, h, last, shift))
    else:
        kept = _linear(b, b.emit("broadcasting_mul", reset, h), last, shift)
    n = b.emit("tanh", b.emit("broadcasting_add", new, kept))
    return [b.emit("broadcasting_add", n, b.emit("broadcasting_mul", z, b.emit("broadcasting_sub", h, n)))]


def _lstm_step(b: Builder, cell: _Cell, entry: Tensor, states: Sequence[Tensor]) -> list[Tensor]:
    """c' = f c + i g and h' = o tanh(c')."""
    (h, c), units = states, cell.units
    gates = b.emit("broadcasting_add", entry, _linear(b, h, cell.r, cell.bias))
    open_, new = _columns(b, gates, [3 * units, units])
    i, o, f = _columns(b, b.emit("sigmoid", open_), [units] * 3)
    added = b.emit("broadcasting_mul", i, b.emit("tanh", new))
    c = b.emit("broadcasting_add", b.emit("broadcasting_mul", f, c), added)
    return [b.emit("broadcasting_mul", o, b.emit("tanh", c)), c]


def _linear(b: Builder, x: Tensor, w: Array, bias: Array) -> Tensor:
    """`x` [..., inputs] times `w` [outputs, inputs], plus the bias."""
    return b.emit("broadcasting_add", b.emit("broadcasting_batch_matmul", x, w.T), bias)


def _start(b: Builder, given: Tensor | None, number: int, x: Tensor, cell: _Cell) -> Tensor:
    """What a state is at first [batch, units]: zeros, or the part of one direction."""
    shape = (x.shape[1], cell.units)
    if given is None:
        return Tensor(shape=shape, dtype=x.dtype, array=np.zeros(shape, x.dtype))
    if given.shape[0] == 1:
        return b.reshape(given, shape)
    return b.reshape(_parts(b, given, 0, [1] * given.shape[0])[number], shape)


def _steps(b: Builder, x: Tensor) -> list[Tensor]:
    """[steps, batch, n] as its steps [batch, n]."""
    return [b.reshape(part, part.shape[1:]) for part in _parts(b, x, 0, [1] * x.shape[0])]


def _columns(b: Builder, x: Tensor, sizes: Sequence[int]) -> list[Tensor]:
    return _parts(b, x, 1, sizes)


def _parts(b: Builder, x: Tensor, axis: int, sizes: Sequence[int]) -> list[Tensor]:
    if len(sizes) == 1:
        return [x]
    return b.emit_all("split", x, np.array(sizes, np.uint32), np.array(axis, np.int32))


def _joined(b: Builder, parts: list[Tensor], axis: int) -> Tensor:
    return parts[0] if len(parts) == 1 else b.emit("concat", axis, parts)
