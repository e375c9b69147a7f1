"""Means and deviations, in the form whose digits do not cancel: the mean is taken off before squaring."""

from collections.abc import Callable, Sequence
from functools import partial

import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, reduce, unary

Mean = Callable[[ir.Value], ir.Value]
"""Takes a float32 tensor to its mean over some axes, in a shape that broadcasts against it."""


def mean_over(b: Builder, axes: Sequence[int]) -> Mean:
    """The mean over non-negative `axes`, which are kept as 1."""
    return partial(reduce, b, "MEAN", axes=axes, keepdims=True) if axes else lambda x: x


def standardise(b: Builder, x: ir.Value, mean: Mean, epsilon: float) -> tuple[ir.Value, ir.Value, ir.Value]:
    """(x - mean) / sqrt(variance + epsilon), the mean, and the reciprocal root; all float32."""
    centre = mean(x)
    variance = mean(binary(b, "SQUARED_DIFFERENCE", x, centre))
    inverse = unary(b, "RSQRT", binary(b, "ADD", variance, epsilon))
    return binary(b, "MUL", binary(b, "SUB", x, centre), inverse), centre, inverse
