"""GRU."""

from collections.abc import Sequence

import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary
from portproof.exporter.tflite.make.loop import Values
from portproof.exporter.tflite.recurrent.clip import clip_to
from portproof.exporter.tflite.recurrent.layer import Layer, Weights
from portproof.exporter.tflite.recurrent.linear import linear, rows, split_last, total
from portproof.exporter.tflite.registry import onnx_op


@onnx_op("GRU", since=7, note="float32, float16 only")
def gru(
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
    linear_before_reset: int,
) -> Sequence[ir.Value | None]:
    """Gates in the order update, reset, hidden."""
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
    )
    return layer.lower(b, lambda b, weights: _Cell(b, weights, clip, bool(linear_before_reset)))


class _Cell:
    """Update and reset gate in one product and one activation."""

    def __init__(self, b: Builder, weights: Weights, clip: float | None, linear_before_reset: bool) -> None:
        units = weights.units
        self.gates_w, self.new_w = _parts(b, weights.w, units)
        self.gates_r, self.new_r = _parts(b, weights.r, units)
        both = total(b, weights.input_bias, weights.recurrent_bias)
        self.gates_bias = rows(b, both, 0, 2 * units)
        self.new_bias = rows(b, weights.input_bias if linear_before_reset else both, 2 * units, units)
        self.reset_bias = rows(b, weights.recurrent_bias, 2 * units, units) if linear_before_reset else None
        self.functions = weights.functions
        self.clip = clip
        self.linear_before_reset = linear_before_reset

    def project(self, b: Builder, x: ir.Value) -> Values:
        return [linear(b, x, self.gates_w, self.gates_bias), linear(b, x, self.new_w, self.new_bias)]

    def fixed(self) -> Values:
        return [self.gates_r, self.new_r, *([] if self.reset_bias is None else [self.reset_bias])]

    def step(self, b: Builder, entries: Values, states: Values, fixed: Values) -> Values:
        """h' = (1 - z) n + z h, as n + z (h - n)."""
        (h,) = states
        gates_r, new_r, *reset_bias = fixed
        gates = clip_to(b, binary(b, "ADD", linear(b, h, gates_r), entries[0]), self.clip)
        z, reset = split_last(b, self.functions[0](b, gates), 2)
        if self.linear_before_reset:
            kept = binary(b, "MUL", reset, linear(b, h, new_r, *reset_bias))
        else:
            kept = linear(b, binary(b, "MUL", reset, h), new_r)
        new = self.functions[1](b, clip_to(b, binary(b, "ADD", kept, entries[1]), self.clip))
        return [binary(b, "ADD", new, binary(b, "MUL", z, binary(b, "SUB", h, new)))]


def _parts(b: Builder, weights: ir.Value, units: int) -> tuple[ir.Value, ir.Value]:
    gates, new = rows(b, weights, 0, 2 * units), rows(b, weights, 2 * units, units)
    if gates is None or new is None:
        raise Refusal("W and R are required")
    return gates, new
