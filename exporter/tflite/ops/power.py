"""Pow, Reciprocal, Sqrt. Usual constant exponents become products, which XNNPACK runs."""

from collections.abc import Callable

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast, unary
from portproof.exporter.tflite.make.integer_power import integer_power, power_by_float
from portproof.exporter.tflite.make.late import late_int32
from portproof.exporter.tflite.make.unsigned import same_bits, to_float32
from portproof.exporter.tflite.make.widened import FLOAT, INTS, widened
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, constant, dtype_of, rank_of

_LARGEST_PRODUCT = 64
_HINT = "use a constant exponent, or cast the base to float32"


@onnx_op("Pow", since=7, note="integer bases: constant exponents must be whole numbers from 0 on")
def power(b: Builder, x: ir.Value, y: ir.Value) -> ir.Value:
    """X to the power of y, in the type of x."""
    exponent = _single(x, y)
    if dtype_of(x).kind in "iu":
        return _integer(b, x, y, exponent)
    return widened(b, FLOAT, [x], lambda p: _float(b, p, y, exponent))


@onnx_op("Reciprocal")
def reciprocal(b: Builder, x: ir.Value) -> ir.Value:
    """1 / x."""
    return widened(b, FLOAT, [x], lambda p: _inverse(b, p))


@onnx_op("Sqrt")
def sqrt(b: Builder, x: ir.Value) -> ir.Value:
    """The kernel has the same meaning."""
    return widened(b, FLOAT, [x], lambda p: unary(b, "SQRT", p))


def _single(x: ir.Value, y: ir.Value) -> float | None:
    """The one number that a constant exponent consists of, when it does not add axes to the base."""
    array = array_of(y)
    if array is None or array.size != 1 or array.ndim > rank_of(x):
        return None
    return float(array.reshape(-1)[0])


def _float(b: Builder, x: ir.Value, y: ir.Value, exponent: float | None) -> ir.Value:
    if exponent in _PRODUCTS:
        return _PRODUCTS[exponent](b, x)
    if dtype_of(y) == np.uint64 and array_of(y) is None:
        return binary(b, "POW", x, to_float32(b, y))
    return binary(b, "POW", x, cast(b, y, "float32"))


def _inverse(b: Builder, x: ir.Value) -> ir.Value:
    return binary(b, "DIV", b.const(1.0, dtype_of(x)), x)


_PRODUCTS: dict[float | None, Callable[[Builder, ir.Value], ir.Value]] = {
    1: lambda _, x: x,
    2: lambda b, x: unary(b, "SQUARE", x),
    3: lambda b, x: binary(b, "MUL", unary(b, "SQUARE", x), x),
    0.5: lambda b, x: unary(b, "SQRT", x),
    -0.5: lambda b, x: _inverse(b, unary(b, "SQRT", x)),
    -1: _inverse,
}
"""x^-0.5 divides by the root: XNNPACK's RSQRT gives NaN for 0 instead of infinity."""


def _integer(b: Builder, x: ir.Value, y: ir.Value, exponent: float | None) -> ir.Value:
    array = array_of(y)
    if array is not None and not (np.all(array >= 0) and np.all(array == np.floor(array))):
        raise Refusal("an integer is raised to an exponent that is not a whole number from 0 on", _HINT)
    if exponent is not None and 1 <= exponent <= _LARGEST_PRODUCT:
        return widened(b, INTS, [x], lambda p: _product(b, p, int(exponent)))
    if array is not None:
        y = constant(np.minimum(array, 1 << 30).astype(np.int32))
    if dtype_of(y).kind == "f":
        wide = cast(b, y, "float32")
        return widened(b, INTS, [x], lambda p: power_by_float(b, p, wide))
    if dtype_of(y).name in ("int64", "uint64", "uint32"):
        y = late_int32(b, same_bits(b, y, "int64") if dtype_of(y) == np.uint64 else cast(b, y, "int64"))
    return widened(b, INTS, [x], lambda p: integer_power(b, p, cast(b, y, "int32")))


def _product(b: Builder, x: ir.Value, exponent: int) -> ir.Value:
    """By squaring; integers wrap around as a loop of products would."""
    if exponent == 1:
        return x
    half = _product(b, x, exponent // 2)
    whole = binary(b, "MUL", half, half)
    return binary(b, "MUL", whole, x) if exponent % 2 else whole
