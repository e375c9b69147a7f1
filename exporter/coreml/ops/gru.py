"""GRU: MIL's gru, which has both forms since iOS18, else a loop."""

import functools
from collections.abc import Sequence

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary
from portproof.exporter.coreml.make.movement import box
from portproof.exporter.coreml.recurrent.clip import clip_to
from portproof.exporter.coreml.recurrent.fused import computed
from portproof.exporter.coreml.recurrent.layer import Layer, Run, Weights, linear
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var

_ROZ = (1, 2, 0)
"""MIL's order of the gates: reset, new, update; ONNX's is update, reset, hidden."""


@onnx_op("GRU", since=7)
def gru(
    b: Builder,
    x: Var,
    w: Var,
    r: Var,
    bias: Var | None = None,
    sequence_lens: Var | None = None,
    initial_h: Var | None = None,
    *,
    activation_alpha: Sequence[float] | None,
    activation_beta: Sequence[float] | None,
    activations: Sequence[str] | None,
    clip: float | None,
    direction: str,
    hidden_size: int | None,
    layout: int | None,
    linear_before_reset: int,
) -> Sequence[Var | None]:
    """Gates in the order update, reset, hidden."""

    def fits(weights: Weights) -> bool:
        known = [function.name for function in weights.functions] == ["sigmoid", "tanh"]
        return clip is None and known and (not linear_before_reset or b.has("iOS18"))

    layer = Layer(
        x=x,
        w=w,
        r=r,
        bias=bias,
        lengths=sequence_lens,
        initial=[initial_h],
        functions=["sigmoid", "tanh"],
        names=activations,
        alphas=activation_alpha,
        betas=activation_beta,
        direction=direction,
        batch_first=bool(layout),
        cell=lambda b, weights: _Cell(b, weights, clip, bool(linear_before_reset)),
        fused=functools.partial(_fused, reset_after=bool(linear_before_reset)),
        fits=fits,
    )
    return layer.lower(b)


def _fused(b: Builder, x: Var, weights: Weights, states: Sequence[Var], *, reset_after: bool) -> Run:
    """MIL's gru; since iOS18 it has the form in which the reset comes after the product, with a bias for each."""
    w, r, bias = weights.arrays(_ROZ)
    held = {"initial_h": states[0], "weight_ih": w, "weight_hh": r, "bias": bias}
    if reset_after:
        input_bias, inner = weights.biases(_ROZ)
        held |= {"bias": inner, "input_bias": input_bias}
    emitted, final = computed(
        b,
        "gru",
        x,
        states,
        held,
        direction="forward",
        output_sequence=True,
        recurrent_activation="sigmoid",
        activation="tanh",
        reset_after=True if reset_after else None,
    )
    return Run(emitted=emitted, states=[final])


class _Cell:
    """Update and reset gate in one product and one activation."""

    def __init__(self, b: Builder, weights: Weights, clip: float | None, linear_before_reset: bool) -> None:
        units = weights.units
        self.gates_w, self.new_w = box(b, weights.w, 0, 0, 2 * units), box(b, weights.w, 0, 2 * units, units)
        self.gates_r, self.new_r = box(b, weights.r, 0, 0, 2 * units), box(b, weights.r, 0, 2 * units, units)
        both, first, second = weights.bias(b), weights.input_bias, weights.recurrent_bias
        self.gates_bias = None if both is None else box(b, both, 0, 0, 2 * units)
        outer = first if linear_before_reset else both
        self.new_bias = None if outer is None else box(b, outer, 0, 2 * units, units)
        inner = second if linear_before_reset else None
        self.reset_bias = None if inner is None else box(b, inner, 0, 2 * units, units)
        self.functions, self.clip, self.linear_before_reset = weights.functions, clip, linear_before_reset

    def project(self, b: Builder, x: Var) -> Sequence[Var]:
        return [linear(b, x, self.gates_w, self.gates_bias), linear(b, x, self.new_w, self.new_bias)]

    def step(self, b: Builder, entries: Sequence[Var], states: Sequence[Var]) -> Sequence[Var]:
        """h' = (1 - z) n + z h, as n + z (h - n)."""
        (h,) = states
        gates = clip_to(b, binary(b, "add", linear(b, h, self.gates_r), entries[0]), self.clip)
        z, reset = b.emit("split", x=self.functions[0](b, gates), num_splits=2, axis=1)
        if self.linear_before_reset:
            kept = binary(b, "mul", reset, linear(b, h, self.new_r, self.reset_bias))
        else:
            kept = linear(b, binary(b, "mul", reset, h), self.new_r)
        new = self.functions[1](b, clip_to(b, binary(b, "add", kept, entries[1]), self.clip))
        return [binary(b, "add", new, binary(b, "mul", z, binary(b, "sub", h, new)))]
