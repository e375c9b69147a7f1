"""Mod: the sign of the divisor (Python's, only integers) or of the dividend (C's fmod)."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, select, unary
from portproof.exporter.tflite.make.unsigned import remainder_uint64
from portproof.exporter.tflite.make.widened import FLOAT, INTS, NUMBERS, widened
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import dtype_of


@onnx_op("Mod", since=10)
def mod(b: Builder, x: ir.Value, y: ir.Value, *, fmod: int) -> ir.Value:
    """FLOOR_MOD has the sign of the divisor."""
    if dtype_of(x) == np.uint64:
        return remainder_uint64(b, x, y)
    if not fmod or dtype_of(x).kind == "u":
        return widened(b, NUMBERS, [x, y], lambda p, q: binary(b, "FLOOR_MOD", p, q))
    if dtype_of(x).kind == "f":
        return widened(b, FLOAT, [x, y], lambda p, q: _float(b, p, q))
    return widened(b, INTS, [x, y], lambda p, q: _integer(b, p, q))


def _float(b: Builder, x: ir.Value, y: ir.Value) -> ir.Value:
    """Of the magnitudes, with the sign of x: for those the kernel is fmod itself."""
    rest = binary(b, "FLOOR_MOD", unary(b, "ABS", x), unary(b, "ABS", y))
    return select(b, binary(b, "LESS", x, 0), unary(b, "NEG", rest), rest)


def _integer(b: Builder, x: ir.Value, y: ir.Value) -> ir.Value:
    """One divisor less where a remainder is left and the signs differ; magnitudes could overflow."""
    rest = binary(b, "FLOOR_MOD", x, y)
    differ = binary(b, "NOT_EQUAL", binary(b, "LESS", x, 0), binary(b, "LESS", y, 0))
    wrong = binary(b, "LOGICAL_AND", differ, binary(b, "NOT_EQUAL", rest, 0))
    return select(b, wrong, binary(b, "SUB", rest, y), rest)
