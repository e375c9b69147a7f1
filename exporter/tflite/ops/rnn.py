"""RNN: one gate, which is the state."""

from collections.abc import Sequence

import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary
from portproof.exporter.tflite.make.loop import Values
from portproof.exporter.tflite.recurrent.clip import clip_to
from portproof.exporter.tflite.recurrent.layer import Layer, Weights
from portproof.exporter.tflite.recurrent.linear import linear, total
from portproof.exporter.tflite.registry import onnx_op


@onnx_op("RNN", since=7, note="float32, float16 only")
def rnn(
    b: Builder,
    x: ir.Value,
    w: ir.Value,
    r: ir.Value,
    bias: ir.Value | None = None,
    sequence_lens: ir.Value | None = None,
    initial_h: ir.Value | None = None,
    *,
    activation_alpha: Sequence[float] | None,
    activation_beta: Sequence[float] | None,
    activations: Sequence[str] | None,
    clip: float | None,
    direction: str,
    hidden_size: int | None,
    layout: int | None,
) -> Sequence[ir.Value | None]:
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
    )
    return layer.lower(b, lambda b, weights: _Cell(b, weights, clip))


class _Cell:
    def __init__(self, b: Builder, weights: Weights, clip: float | None) -> None:
        self.w, self.r = weights.w, weights.r
        self.bias = total(b, weights.input_bias, weights.recurrent_bias)
        self.function = weights.functions[0]
        self.clip = clip

    def project(self, b: Builder, x: ir.Value) -> Values:
        return [linear(b, x, self.w, self.bias)]

    def fixed(self) -> Values:
        return [self.r]

    def step(self, b: Builder, entries: Values, states: Values, fixed: Values) -> Values:
        total_input = binary(b, "ADD", linear(b, states[0], fixed[0]), entries[0])
        return [self.function(b, clip_to(b, total_input, self.clip))]
