"""Powers of integers computed at run time: squares of the base, multiplied where the exponent has the bit."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast
from portproof.exporter.tflite.make.known import calc, choose
from portproof.exporter.tflite.values import dtype_of

_BITS = 6
"""From 64 on no power but those of -1, 0 and 1 fits into 64 bits, and for these a smaller exponent does as well."""
_MOST = 1 << 30


def integer_power(b: Builder, x: ir.Value, y: ir.Value) -> ir.Value:
    """x to the power of y, int32 or int64 as `x` is; products wrap around.

    Args:
        b: the builder.
        x: int32 or int64.
        y: int32, whole numbers; of a negative one only the powers of -1 and 1 are not 0.
    """
    count = calc(b, "MINIMUM", calc(b, "ABS", calc(b, "MAXIMUM", y, -_MOST)), _MOST)
    most = 1 << _BITS
    small = calc(b, "ADD", calc(b, "FLOOR_MOD", count, 2), most - 2)
    count = choose(b, calc(b, "GREATER_EQUAL", count, most), small, count)
    power, square = None, x
    for bit in range(_BITS):
        has = calc(b, "EQUAL", calc(b, "FLOOR_MOD", count, 2), 1)
        factor = choose(b, has, square, 1)
        power = factor if power is None else calc(b, "MUL", power, factor)
        if bit + 1 < _BITS:
            count = calc(b, "RIGHT_SHIFT", count, 1)
            square = calc(b, "MUL", square, square)
    unit = calc(b, "EQUAL", calc(b, "MUL", x, x), 1)
    gone = calc(b, "LOGICAL_AND", calc(b, "LESS", y, 0), calc(b, "NOT_EQUAL", unit, b.const(True)))
    if power is None:
        raise ValueError("no bits")
    return choose(b, gone, 0, power)


def power_by_float(b: Builder, x: ir.Value, y: ir.Value) -> ir.Value:
    """x to a float32 power: of a whole number exactly, else the float32 power without its fraction."""
    whole = cast(b, calc(b, "MINIMUM", calc(b, "MAXIMUM", y, -_MOST), _MOST), np.int32)
    floats = cast(b, calc(b, "POW", cast(b, x, np.float32), y), dtype_of(x))
    return choose(b, calc(b, "EQUAL", calc(b, "FLOOR", y), y), integer_power(b, x, whole), floats)
