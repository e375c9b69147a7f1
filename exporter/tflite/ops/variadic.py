"""Sum, Mean, Max, Min of any number of inputs."""

import functools
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary
from portproof.exporter.tflite.make.doubles import calc_doubles
from portproof.exporter.tflite.make.widened import FLOAT, NUMBERS, widened
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, dtype_of

_KERNELS = NUMBERS | {"float64"}
_EXTREME = {"Max": "MAXIMUM", "Min": "MINIMUM"}


@onnx_op("Sum")
def sum_(b: Builder, *values: ir.Value) -> ir.Value:
    """A chain of additions: ADD_N is in no accelerator."""
    return widened(b, _KERNELS, values, lambda *parts: _chain(b, "ADD", parts), uint64="bits")


@onnx_op("Mean")
def mean(b: Builder, *values: ir.Value) -> ir.Value:
    """The sum over the number of inputs."""
    if len(values) == 1:
        return values[0]
    return widened(b, FLOAT, values, lambda *parts: binary(b, "DIV", _chain(b, "ADD", parts), len(parts)))


@onnx_op("Max", "Min", note="of two inputs computed at run time, NaN in the first is lost")
def extreme(b: Builder, *values: ir.Value, op_type: str) -> ir.Value:
    """Constants first: the kernels give the second operand where one is NaN, so NaN gets through."""
    ordered = sorted(values, key=lambda value: array_of(value) is None)
    return widened(b, _KERNELS, ordered, lambda *parts: _chain(b, _EXTREME[op_type], parts), uint64="order")


def _chain(b: Builder, op: str, values: Sequence[ir.Value]) -> ir.Value:
    if dtype_of(values[0]) == np.float64:
        return functools.reduce(lambda x, y: calc_doubles(b, op, x, y), values)
    return functools.reduce(lambda x, y: binary(b, op, x, y), values)
