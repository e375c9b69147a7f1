"""Operators on the bits of integers: TFLite has BITWISE_XOR and RIGHT_SHIFT up to 32 bits, the rest is arithmetic.

64 bits are taken as two words, or shifted by products and quotients.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast
from portproof.exporter.tflite.make.known import calc, choose
from portproof.exporter.tflite.make.unsigned import by_words, divide_uint64, powers_of_two, same_bits
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


@onnx_op("BitShift", since=28)
def bit_shift_28(b: Builder, x: ir.Value, y: ir.Value, *, direction: str) -> ir.Value:
    """Signed types too; a distance that is negative or reaches the width leaves the sign to the right, else 0."""
    dtype, width = dtype_of(x), 8 * dtype_of(x).itemsize
    distance = same_bits(b, y, "int64") if dtype == np.uint64 else cast(b, y, "int32" if width < 32 else "int64")
    inside = calc(b, "LOGICAL_AND", calc(b, "GREATER_EQUAL", distance, 0), calc(b, "LESS", distance, width))
    near = choose(b, inside, distance, width - 1)
    if direction == "RIGHT" and dtype.kind == "i":
        return _shift_signed(b, x, near)
    near, kept = (_number(b, value, dtype) for value in (near, inside))
    power = _number(b, powers_of_two(b, _number(b, near, np.dtype("uint64"))), dtype) if width == 64 else None
    if direction == "LEFT":
        power = power or _power_of_two(b, near)
        shifted = widened(b, INTS, [x, power], lambda p, q: binary(b, "MUL", p, q), uint64="bits")
    else:
        shifted = bit_shift(b, x, near, direction=direction)
    return widened(b, INTS, [shifted, kept], lambda p, q: binary(b, "MUL", p, q), uint64="bits")


def _shift_signed(b: Builder, x: ir.Value, distance: ir.Value) -> ir.Value:
    """To the right; the kernel does up to 32 bits. Of 64 a negative number is turned over before and after."""
    if dtype_of(x) != np.int64:
        return binary(b, "RIGHT_SHIFT", x, cast(b, distance, dtype_of(x)))
    negative = calc(b, "LESS", x, 0)
    over = choose(b, negative, calc(b, "SUB", b.const(-1, "int64"), x), x)
    shifted = _shift_uint64(b, same_bits(b, over, "uint64"), same_bits(b, distance, "uint64"), "RIGHT")
    result = same_bits(b, shifted, "int64")
    return choose(b, negative, calc(b, "SUB", b.const(-1, "int64"), result), result)


def _number(b: Builder, x: ir.Value, dtype: np.dtype[Any]) -> ir.Value:
    """A small integer or a truth value in another type, uint64 among them, which CAST has not."""
    if np.dtype("uint64") not in (dtype, dtype_of(x)):
        return cast(b, x, dtype)
    bits = same_bits(b, x, "int64") if dtype_of(x) == np.uint64 else cast(b, x, "int64")
    return same_bits(b, bits, "uint64") if dtype == np.uint64 else cast(b, bits, dtype)


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
