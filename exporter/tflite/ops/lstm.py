"""LSTM."""

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, unary
from portproof.exporter.tflite.make.loop import Values
from portproof.exporter.tflite.recurrent.clip import clip_to
from portproof.exporter.tflite.recurrent.layer import Cell, Layer, Weights
from portproof.exporter.tflite.recurrent.linear import linear, rows, split_last, total
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, constant, shape_of

_USUAL = ["sigmoid", "tanh", "tanh"]


@onnx_op("LSTM", since=7, note="float32, float16 only")
def lstm(
    b: Builder,
    x: ir.Value,
    w: ir.Value,
    r: ir.Value,
    bias: ir.Value | None = None,
    sequence_lens: ir.Value | None = None,
    initial_h: ir.Value | None = None,
    initial_c: ir.Value | None = None,
    peepholes: ir.Value | None = None,
    *,
    activation_alpha: Sequence[float] | None,
    activation_beta: Sequence[float] | None,
    activations: Sequence[str] | None,
    clip: float | None,
    direction: str,
    hidden_size: int | None,
    input_forget: int,
    layout: int | None,
) -> Sequence[ir.Value | None]:
    """Gates in the order input, output, forget, cell."""

    def cell(b: Builder, weights: Weights) -> Cell:
        usual = [function.name for function in weights.functions] == _USUAL
        held = all(array_of(value) is not None for value in (weights.w, weights.r, *_biases(weights)))
        if usual and held and peepholes is None and clip is None and not input_forget:
            return _UsualCell(b, weights)
        return _Cell(b, weights, clip, coupled=bool(input_forget))

    layer = Layer(
        x=x,
        w=w,
        r=r,
        bias=bias,
        lengths=sequence_lens,
        initial=[initial_h, initial_c],
        peepholes=peepholes,
        functions=_USUAL,
        names=activations,
        alphas=activation_alpha,
        betas=activation_beta,
        direction=direction,
        batch_first=bool(layout),
    )
    return layer.lower(b, cell)


def _biases(weights: Weights) -> list[ir.Value]:
    return [value for value in (weights.input_bias, weights.recurrent_bias) if value is not None]


class _UsualCell:
    """Sigmoid gates and tanh, all gates in one LOGISTIC: tanh(x) = 2 sigmoid(2 x) - 1, the factor in the weights."""

    def __init__(self, b: Builder, weights: Weights) -> None:
        units = weights.units
        scale = np.repeat(np.array([1, 1, 1, 2], np.float32), units)
        self.w, self.r = _scaled(weights.w, scale), _scaled(weights.r, scale)
        bias = total(b, weights.input_bias, weights.recurrent_bias)
        self.bias = None if bias is None else _scaled(bias, scale)

    def project(self, b: Builder, x: ir.Value) -> Values:
        return [linear(b, x, self.w, self.bias)]

    def fixed(self) -> Values:
        return [self.r]

    def step(self, b: Builder, entries: Values, states: Values, fixed: Values) -> Values:
        h, c = states
        gates = unary(b, "LOGISTIC", binary(b, "ADD", linear(b, h, fixed[0]), entries[0]))
        i, o, f, half = split_last(b, gates, 4)
        new = binary(b, "SUB", binary(b, "MUL", half, 2.0), 1.0)
        c = binary(b, "ADD", binary(b, "MUL", f, c), binary(b, "MUL", i, new))
        return [binary(b, "MUL", o, unary(b, "TANH", c)), c]


class _Cell:
    """Any activations, peepholes, a clip, the forget gate coupled to the input gate."""

    def __init__(self, b: Builder, weights: Weights, clip: float | None, *, coupled: bool) -> None:
        self.w, self.r = weights.w, weights.r
        self.bias = total(b, weights.input_bias, weights.recurrent_bias)
        units = weights.units
        parts = [rows(b, weights.peepholes, start * units, units) for start in range(3)]
        self.peepholes = [part for part in parts if part is not None]
        self.functions = weights.functions
        self.clip = clip
        self.coupled = coupled

    def project(self, b: Builder, x: ir.Value) -> Values:
        return [linear(b, x, self.w, self.bias)]

    def fixed(self) -> Values:
        return [self.r, *self.peepholes]

    def step(self, b: Builder, entries: Values, states: Values, fixed: Values) -> Values:
        h, c = states
        r, *peepholes = fixed
        look_i, look_o, look_f = peepholes or (None, None, None)
        i, o, f, new = split_last(b, binary(b, "ADD", linear(b, h, r), entries[0]), 4)
        i = self._gate(b, 0, i, look_i, c)
        new = self._gate(b, 1, new, None, c)
        f = binary(b, "SUB", b.const(1, "float32"), i) if self.coupled else self._gate(b, 0, f, look_f, c)
        c = binary(b, "ADD", binary(b, "MUL", f, c), binary(b, "MUL", i, new))
        o = self._gate(b, 0, o, look_o, c)
        return [binary(b, "MUL", o, self.functions[2](b, c)), c]

    def _gate(self, b: Builder, function: int, x: ir.Value, peephole: ir.Value | None, c: ir.Value) -> ir.Value:
        if peephole is not None:
            x = binary(b, "ADD", x, binary(b, "MUL", c, peephole))
        return self.functions[function](b, clip_to(b, x, self.clip))


def _scaled(value: ir.Value, scale: np.ndarray) -> ir.Value:
    """A constant whose rows are multiplied."""
    array = array_of(value)
    shape = (-1,) + (1,) * (len(shape_of(value)) - 1)
    return value if array is None else constant(array * scale.reshape(shape), value.name)
