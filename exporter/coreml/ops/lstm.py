"""LSTM: MIL's lstm where it says the same, else a loop."""

from collections.abc import Sequence

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary
from portproof.exporter.coreml.make.movement import box
from portproof.exporter.coreml.recurrent.clip import clip_to
from portproof.exporter.coreml.recurrent.fused import DIRECT, computed
from portproof.exporter.coreml.recurrent.layer import Layer, Run, Weights, linear
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var

_IFOZ = (0, 2, 1, 3)
"""MIL's order of the gates: input, forget, output, cell; ONNX's is input, output, forget, cell."""


@onnx_op("LSTM", since=7)
def lstm(
    b: Builder,
    x: Var,
    w: Var,
    r: Var,
    bias: Var | None = None,
    sequence_lens: Var | None = None,
    initial_h: Var | None = None,
    initial_c: Var | None = None,
    peepholes: Var | None = None,
    *,
    activation_alpha: Sequence[float] | None,
    activation_beta: Sequence[float] | None,
    activations: Sequence[str] | None,
    clip: float | None,
    direction: str,
    hidden_size: int | None,
    input_forget: int,
    layout: int | None,
) -> Sequence[Var | None]:
    """Gates in the order input, output, forget, cell. MIL's clip and peepholes are not ONNX's."""
    plain = clip is None and peepholes is None and not input_forget
    layer = Layer(
        x=x,
        w=w,
        r=r,
        bias=bias,
        lengths=sequence_lens,
        initial=[initial_h, initial_c],
        peepholes=peepholes,
        functions=["sigmoid", "tanh", "tanh"],
        names=activations,
        alphas=activation_alpha,
        betas=activation_beta,
        direction=direction,
        batch_first=bool(layout),
        cell=lambda b, weights: _Cell(b, weights, clip, coupled=bool(input_forget)),
        fused=_fused,
        fits=lambda weights: plain and all(function.name in DIRECT for function in weights.functions),
    )
    return layer.lower(b)


def _fused(b: Builder, x: Var, weights: Weights, states: Sequence[Var]) -> Run:
    w, r, bias = weights.arrays(_IFOZ)
    gates, cell, output = (function.name for function in weights.functions)
    emitted, h, c = computed(
        b,
        "lstm",
        x,
        states,
        {"initial_h": states[0], "initial_c": states[1], "weight_ih": w, "weight_hh": r, "bias": bias},
        direction="forward",
        output_sequence=True,
        recurrent_activation=gates,
        cell_activation=cell,
        activation=output,
    )
    return Run(emitted=emitted, states=[h, c])


class _Cell:
    """Any activations, peepholes, a clip, the forget gate coupled to the input gate."""

    def __init__(self, b: Builder, weights: Weights, clip: float | None, *, coupled: bool) -> None:
        self.weights, self.clip, self.coupled = weights, clip, coupled
        units, held = weights.units, weights.peepholes
        self.peepholes = [None] * 3 if held is None else [box(b, held, 0, start * units, units) for start in range(3)]

    def project(self, b: Builder, x: Var) -> Sequence[Var]:
        return [linear(b, x, self.weights.w, self.weights.bias(b))]

    def step(self, b: Builder, entries: Sequence[Var], states: Sequence[Var]) -> Sequence[Var]:
        h, c = states
        look_i, look_o, look_f = self.peepholes
        gates = binary(b, "add", linear(b, h, self.weights.r), entries[0])
        i, o, f, new = b.emit("split", x=gates, num_splits=4, axis=1)
        i = self._gate(b, 0, i, look_i, c)
        new = self._gate(b, 1, new, None, c)
        f = b.emit("sub", x=b.like(1, i), y=i) if self.coupled else self._gate(b, 0, f, look_f, c)
        c = binary(b, "add", binary(b, "mul", f, c), binary(b, "mul", i, new))
        o = self._gate(b, 0, o, look_o, c)
        return [binary(b, "mul", o, self.weights.functions[2](b, c)), c]

    def _gate(self, b: Builder, function: int, x: Var, peephole: Var | None, c: Var) -> Var:
        if peephole is not None:
            x = binary(b, "add", x, binary(b, "mul", c, peephole))
        return self.weights.functions[function](b, clip_to(b, x, self.clip))
