"""Division of 64-bit integers, for which TFLite has no kernel but FLOOR_MOD.

The remainder is taken off first, so that what is left is a multiple of the divisor. Its quotient is then found in
digits: a float32 quotient is right to 3 parts in 2^24, the product with it is taken off in int64, which wraps around
harmlessly, and what is left is at most 2^-22 as large. Three digits are enough: 2^63, 2^42, 2^21, and below 2^21
rounding is exact.
"""

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast
from portproof.exporter.tflite.make.known import calc, choose, clip

_DIGITS = 3
_BELOW = float(np.nextafter(np.float32(2**63), np.float32(0)))
"""The largest float32 that int64 holds: quotients near the ends of int64 start a little too small."""


def divide_int64(b: Builder, x: ir.Value, y: ir.Value) -> ir.Value:
    """`x` / `y` truncated toward zero; both int64, with broadcasting. A divisor of 0 fails at run time."""
    left = calc(b, "SUB", x, _remainder(b, x, y))
    divisor = cast(b, y, np.float32)
    quotient = None
    for digit in range(_DIGITS):
        part = calc(b, "ROUND", calc(b, "DIV", cast(b, left, np.float32), divisor))
        part = cast(b, clip(b, part, -_BELOW, _BELOW), np.int64)
        quotient = part if quotient is None else calc(b, "ADD", quotient, part)
        if digit + 1 < _DIGITS:
            left = calc(b, "SUB", left, calc(b, "MUL", part, y))
    if quotient is None:
        raise ValueError("no digits")
    return quotient


def _remainder(b: Builder, x: ir.Value, y: ir.Value) -> ir.Value:
    """With the sign of `x`; FLOOR_MOD's has that of `y`."""
    rest = calc(b, "FLOOR_MOD", x, y)
    differ = calc(b, "NOT_EQUAL", calc(b, "LESS", x, 0), calc(b, "LESS", y, 0))
    wrong = calc(b, "LOGICAL_AND", differ, calc(b, "NOT_EQUAL", rest, 0))
    return choose(b, wrong, calc(b, "SUB", rest, y), rest)
