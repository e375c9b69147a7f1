"""RNN: one gate, which is the state; MIL's rnn, or a loop."""

from collections.abc import Sequence

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary
from portproof.exporter.coreml.recurrent.clip import clip_to
from portproof.exporter.coreml.recurrent.fused import DIRECT, computed
from portproof.exporter.coreml.recurrent.layer import Layer, Run, Weights, linear
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var


@onnx_op("RNN", since=7)
def rnn(
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
) -> Sequence[Var | None]:
    """h' = f(x W' + h R' + biases)."""
    layer = Layer(
        x=x,
        w=w,
        r=r,
        bias=bias,
        lengths=sequence_lens,
        initial=[initial_h],
        functions=["tanh"],
        names=activations,
        alphas=activation_alpha,
        betas=activation_beta,
        direction=direction,
        batch_first=bool(layout),
        cell=lambda b, weights: _Cell(weights, clip),
        fused=_fused,
        fits=lambda weights: clip is None and weights.functions[0].name in DIRECT,
    )
    return layer.lower(b)


def _fused(b: Builder, x: Var, weights: Weights, states: Sequence[Var]) -> Run:
    w, r, bias = weights.arrays((0,))
    emitted, h = computed(
        b,
        "rnn",
        x,
        states,
        {"initial_h": states[0], "weight_ih": w, "weight_hh": r, "bias": bias},
        direction="forward",
        output_sequence=True,
        activation=weights.functions[0].name,
    )
    return Run(emitted=emitted, states=[h])


class _Cell:
    def __init__(self, weights: Weights, clip: float | None) -> None:
        self.weights, self.clip = weights, clip

    def project(self, b: Builder, x: Var) -> Sequence[Var]:
        return [linear(b, x, self.weights.w, self.weights.bias(b))]

    def step(self, b: Builder, entries: Sequence[Var], states: Sequence[Var]) -> Sequence[Var]:
        total = binary(b, "add", linear(b, states[0], self.weights.r), entries[0])
        return [self.weights.functions[0](b, clip_to(b, total, self.clip))]
