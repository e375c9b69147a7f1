"""A linear operator as a matrix for each group: its weights as columns, its inputs as rows.

Conv, ConvTranspose, Gemm and MatMul all compute ``output[n, g, o] = sum_k rows[n, g, k] * columns[g, o, k]``. Whatever
is done to weights here is done to `columns`, float64 [groups, outputs of a group, inputs of a group x taps], so that
dense, grouped and depthwise operators share one code. Output channel ``c`` of the operator is ``(g, o)`` in C order.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portproof.calibration.rounding import windows
from portproof.calibration.rounding.windows import Windows

Floats = NDArray[np.float64]

_GOLDEN = 0.6180339887498949


@dataclass(frozen=True, kw_only=True)
class LinearLayer:
    """Operator, shape of its weight in ONNX's axes, and how its rows are cut from the input.

    Attributes:
        op: "Conv" (weight [O, I/G, *kernel]), "ConvTranspose" ([I, O/G, *kernel]), "Gemm" or "MatMul" ([I, O]).
        weight_shape: as the initializer has it.
        groups: of a convolution.
        transposed: a Gemm's weight is [O, I] (transB).
        input_transposed: a Gemm's input is [I, N] (transA).
        windows: strides, pads and dilations of a convolution; None for products.
    """

    op: str
    weight_shape: tuple[int, ...]
    groups: int = 1
    transposed: bool = False
    input_transposed: bool = False
    windows: Windows | None = None

    @property
    def taps(self) -> int:
        """Columns that one input channel has: the size of the kernel."""
        return math.prod(self.weight_shape[2:]) if self.windows is not None else 1

    @property
    def channel_axis(self) -> int:
        """The axis of the weight that holds output channels, as DequantizeLinear's `axis` wants it."""
        if self.op == "ConvTranspose" or (self.op in ("Gemm", "MatMul") and not self.transposed):
            return 1
        return 0

    def columns(self, weight: NDArray[Any]) -> NDArray[Any]:
        """The weight as [groups, outputs, columns], of its own dtype."""
        if self.op == "Conv":
            return weight.reshape(self.groups, self.weight_shape[0] // self.groups, -1)
        if self.op == "ConvTranspose":
            return _flipped(weight, self.groups)
        return (weight if self.transposed else weight.T)[None]

    def weight(self, columns: NDArray[Any]) -> NDArray[Any]:
        """The inverse of `columns`: an array of `weight_shape`."""
        if self.op == "Conv":
            return columns.reshape(self.weight_shape)
        if self.op == "ConvTranspose":
            return _unflipped(columns, self.weight_shape, self.groups)
        return np.ascontiguousarray(columns[0] if self.transposed else columns[0].T)

    def rows(self, x: NDArray[Any], wanted: int, phase: float) -> NDArray[Any]:
        """At most `wanted` rows of one input, [rows, groups, columns]: as many from each stretch of the positions.

        Args:
            x: the operator's input, where padding is zero (quantized inputs less their zero point).
            wanted: how many; all of them when there are not more.
            phase: in [0, 1), decides which.
        """
        if self.windows is not None:
            return windows.rows(x, self.windows, self.weight_shape[2:], self.groups, _chooser(wanted, phase))
        flat = x.T if self.input_transposed else x.reshape(-1, x.shape[-1])
        return flat[_chooser(wanted, phase)(len(flat))][:, None, :]

    def per_channel(self, values: NDArray[Any]) -> NDArray[Any]:
        """[groups, outputs] as [channels], in the order of the operator's output."""
        return values.reshape(-1)


def _chooser(wanted: int, phase: float) -> windows.Choose:
    """Positions out of `available`, ascending: one from each of `wanted` equal stretches.

    Where in its stretch each lies steps on by the golden ratio, so that no period of the data meets it.
    """

    def choose(available: int) -> NDArray[np.intp]:
        if available <= wanted:
            return np.arange(available)
        return ((np.arange(wanted) + (phase + np.arange(wanted) * _GOLDEN) % 1.0) * (available / wanted)).astype(
            np.intp
        )

    return choose


def _flipped(weight: NDArray[Any], groups: int) -> NDArray[Any]:
    """A ConvTranspose is a Conv of its input spread out by the strides, with the kernel turned round."""
    inputs, outputs, *kernel = weight.shape
    parts = weight.reshape(groups, inputs // groups, outputs, *kernel).swapaxes(1, 2)
    return np.flip(parts, tuple(range(3, parts.ndim))).reshape(groups, outputs, -1)


def _unflipped(columns: NDArray[Any], shape: tuple[int, ...], groups: int) -> NDArray[Any]:
    inputs, outputs, *kernel = shape
    parts = columns.reshape(groups, outputs, inputs // groups, *kernel)
    return np.flip(parts, tuple(range(3, parts.ndim))).swapaxes(1, 2).reshape(shape)
