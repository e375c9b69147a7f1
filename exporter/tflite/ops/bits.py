"""Operators on the bits of integers: TFLite has BITWISE_XOR and RIGHT_SHIFT up to 32 bits, the rest is arithmetic.

64 bits are taken as two words, or shifted by products and quotients.
"""

from collections.abc import Callable

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast
from portproof.exporter.tflite.make.unsigned import by_words, divide_uint64, powers_of_two
from portproof.exporter.tflite.make.widened import INTS, widened
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import Array, array_of, constant, dtype_of


@onnx_op("BitShift", since=11)
def bit_shift(b: Builder, x: ir.Value, y: ir.Value, *, direction: str) -> ir.Value:
    """To the left is a product with a power of two, cast back to the bits that are left."""
    if dtype_of(x) == np.uint64:
        return _shift_uint64(b, x, y, direction)
    if direction == "RIGHT":
        return binary(b, "RIGHT_SHIFT", x, y)
    return widened(b, INTS, [x, _power_of_two(b, y)], lambda p, q: binary(b, "MUL", p, q))


@onnx_op("BitwiseNot", since=18)
def bitwise_not(b: Builder, x: ir.Value) -> ir.Value:
    """-1 - x in two's complement."""
    return widened(b, INTS, [x], lambda p: binary(b, "SUB", b.const(-1, dtype_of(p)), p), uint64="bits")


@onnx_op("BitwiseXor", since=18)
def bitwise_xor(b: Builder, x: ir.Value, y: ir.Value) -> ir.Value:
    """The kernel has the same meaning."""
    if dtype_of(x).itemsize == 8:
        return by_words(b, x, y, _xor)
    return _xor(b, x, y)


@onnx_op("BitwiseAnd", "BitwiseOr", since=18)
def bitwise_and_or(b: Builder, x: ir.Value, y: ir.Value, *, op_type: str) -> ir.Value:
    """Sums of halves, in int32 for all types: of uint32 it has the same bits."""
    compute = _and if op_type == "BitwiseAnd" else _or
    return by_words(b, x, y, compute) if dtype_of(x).itemsize == 8 else _in_int32(b, x, y, compute)


def _in_int32(
    b: Builder, x: ir.Value, y: ir.Value, compute: Callable[[Builder, ir.Value, ir.Value], ir.Value]
) -> ir.Value:
    return cast(b, compute(b, cast(b, x, "int32"), cast(b, y, "int32")), dtype_of(x))


def _shift_uint64(b: Builder, x: ir.Value, y: ir.Value, direction: str) -> ir.Value:
    factor = powers_of_two(b, y)
    if direction == "RIGHT":
        return divide_uint64(b, x, factor)
    return widened(b, INTS, [x, factor], lambda p, q: binary(b, "MUL", p, q), uint64="bits")


def _xor(b: Builder, x: ir.Value, y: ir.Value) -> ir.Value:
    return binary(b, "BITWISE_XOR", x, y)


def _and(b: Builder, x: ir.Value, y: ir.Value) -> ir.Value:
    """x + y = 2 (x & y) + (x ^ y), halved term by term so that nothing overflows; the last bits make a product."""
    halves = [binary(b, "RIGHT_SHIFT", value, 1) for value in (x, y)]
    last = [binary(b, "SUB", value, binary(b, "MUL", half, 2)) for value, half in zip((x, y), halves, strict=True)]
    total = binary(b, "ADD", binary(b, "ADD", *halves), binary(b, "MUL", *last))
    return binary(b, "SUB", total, binary(b, "RIGHT_SHIFT", binary(b, "BITWISE_XOR", x, y), 1))


def _or(b: Builder, x: ir.Value, y: ir.Value) -> ir.Value:
    """The bits of both and the bits of one have none in common."""
    return binary(b, "ADD", _and(b, x, y), binary(b, "BITWISE_XOR", x, y))


def _power_of_two(b: Builder, y: ir.Value) -> ir.Value:
    """2^y in the type of y; the kernel's products wrap around, which leaves the right bits."""
    array = array_of(y)
    if array is not None:
        return constant(_shifted(array))
    return cast(b, binary(b, "POW", b.const(2, "int32"), cast(b, y, "int32")), dtype_of(y))


def _shifted(array: Array) -> Array:
    return np.left_shift(np.ones_like(array), array)
