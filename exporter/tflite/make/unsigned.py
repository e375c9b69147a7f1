"""uint64 by int64's kernels: the same 64 bits, read the other way, and words of 32 bits for what has no 64.

Sums and products wrap around alike in both. The order is the same once the first bit is turned over.
"""

from collections.abc import Callable

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import align, binary
from portproof.exporter.tflite.make.division import divide_int64
from portproof.exporter.tflite.make.known import calc, choose
from portproof.exporter.tflite.values import array_of, constant, dtype_of, shape_of

_FIRST_BIT = np.iinfo(np.int64).min


def same_bits(b: Builder, x: ir.Value, dtype: str) -> ir.Value:
    """The bits of `x` read as another type of the same width; of int32 for one of 64 bits: two words, [..., 2]."""
    wanted, array = np.dtype(dtype), array_of(x)
    if dtype_of(x) == wanted:
        return x
    shape = shape_of(x)
    if wanted.itemsize < dtype_of(x).itemsize:
        shape = (*shape, dtype_of(x).itemsize // wanted.itemsize)
    elif wanted.itemsize > dtype_of(x).itemsize:
        shape = shape[:-1]
    if array is not None:
        return constant(np.ascontiguousarray(array).reshape(-1).view(wanted).reshape(shape))
    return b.emit("BITCAST", [x], shape=shape, dtype=wanted)


def ordered(b: Builder, x: ir.Value) -> ir.Value:
    """uint64 as int64 numbers in the same order; `from_ordered` takes them back."""
    return calc(b, "ADD", same_bits(b, x, "int64"), _FIRST_BIT)


def from_ordered(b: Builder, x: ir.Value) -> ir.Value:
    """The inverse of `ordered`."""
    return same_bits(b, calc(b, "ADD", x, _FIRST_BIT), "uint64")


def by_words(
    b: Builder, x: ir.Value, y: ir.Value, compute: Callable[[Builder, ir.Value, ir.Value], ir.Value]
) -> ir.Value:
    """What `compute` gives of the int32 words of two 64-bit tensors, with broadcasting, in their type."""
    _, operands = align(b, [x, y])
    return same_bits(b, compute(b, *(same_bits(b, value, "int32") for value in operands)), dtype_of(x).name)


def divide_uint64(b: Builder, x: ir.Value, y: ir.Value) -> ir.Value:
    """`x` / `y` rounded down; both uint64, with broadcasting. A divisor of 0 fails at run time.

    Twice the quotient of half of `x` is the quotient or one less. Of a divisor with the first bit set there is at
    most one in `x`.
    """
    dividend, divisor = same_bits(b, x, "int64"), same_bits(b, y, "int64")
    twice = calc(b, "MUL", divide_int64(b, _half(b, dividend), divisor), 2)
    rest = calc(b, "SUB", dividend, calc(b, "MUL", twice, divisor))
    more = calc(b, "ADD", twice, _at_least(b, rest, divisor))
    large = calc(b, "LESS", divisor, 0)
    return same_bits(b, choose(b, large, _at_least(b, dividend, divisor), more), "uint64")


def remainder_uint64(b: Builder, x: ir.Value, y: ir.Value) -> ir.Value:
    """What `divide_uint64` leaves; uint64."""
    quotient = same_bits(b, divide_uint64(b, x, y), "int64")
    taken = calc(b, "MUL", quotient, same_bits(b, y, "int64"))
    return same_bits(b, calc(b, "SUB", same_bits(b, x, "int64"), taken), "uint64")


def powers_of_two(b: Builder, y: ir.Value) -> ir.Value:
    """2^y as uint64, of uint64 from 0 to 63."""
    table = np.left_shift(np.uint64(1), np.arange(64, dtype=np.uint64))
    shape, array = shape_of(y), array_of(y)
    if array is not None:
        return constant(table[array])
    place = b.emit("CAST", [same_bits(b, y, "int64")], shape=shape, dtype=np.int32)
    found = b.emit("GATHER", [b.const(table.view(np.int64)), place], shape=shape, dtype=np.int64, axis=0, batch_dims=0)
    return same_bits(b, found, "uint64")


def to_float32(b: Builder, x: ir.Value) -> ir.Value:
    """uint64 as float32, rounded once: of large numbers the half that keeps the last bit, doubled."""
    bits = same_bits(b, x, "int64")
    last = calc(b, "FLOOR_MOD", bits, 2)
    kept = calc(b, "MAXIMUM", last, calc(b, "FLOOR_MOD", _half(b, bits), 2))
    # A half with its last bit set wherever a bit was lost rounds as the whole would.
    half = calc(b, "ADD", calc(b, "SUB", _half(b, bits), calc(b, "FLOOR_MOD", _half(b, bits), 2)), kept)
    shape = shape_of(x)
    small, large = (b.emit("CAST", [value], shape=shape, dtype=np.float32) for value in (bits, half))
    return choose(b, calc(b, "LESS", bits, 0), calc(b, "MUL", large, 2), small)


def from_float32(b: Builder, x: ir.Value) -> ir.Value:
    """float32 as uint64, the fraction cut off; 2^63 is taken off before and its bit put back."""
    top = float(2**63)
    large = calc(b, "GREATER_EQUAL", x, top)
    within = choose(b, large, calc(b, "SUB", x, top), x)
    bits = b.emit("CAST", [within], shape=shape_of(x), dtype=np.int64)
    return same_bits(b, choose(b, large, calc(b, "ADD", bits, _FIRST_BIT), bits), "uint64")


def _half(b: Builder, x: ir.Value) -> ir.Value:
    """Half of the unsigned number that the int64 bits mean, rounded down: not negative."""
    even = calc(b, "SUB", x, calc(b, "FLOOR_MOD", x, 2))
    halved = divide_int64(b, even, b.const(2, np.int64))
    return choose(b, calc(b, "LESS", x, 0), calc(b, "SUB", halved, _FIRST_BIT), halved)


def _at_least(b: Builder, x: ir.Value, y: ir.Value) -> ir.Value:
    """1 where the unsigned `x` is not less than `y`, else 0: int64."""
    turned = [calc(b, "ADD", value, _FIRST_BIT) for value in (x, y)]
    found = binary(b, "GREATER_EQUAL", *turned)
    return b.emit("CAST", [found], shape=shape_of(found), dtype=np.int64)
