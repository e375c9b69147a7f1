"""Functions of one number that TFLite has no kernel for, made of those it has, accurate to a few units of float32."""

import math
from collections.abc import Callable

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, unary
from portproof.exporter.tflite.make.widened import FLOAT, widened
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import dtype_of, rank_of, shape_of


@onnx_op("Tan", "Asin", "Acos", "Atan", since=7)
@onnx_op("Sinh", "Cosh", "Asinh", "Acosh", "Atanh", "Erf", since=9)
def transcendental(b: Builder, x: ir.Value, *, op_type: str) -> ir.Value:
    """One of the formulas below; outside its domain each gives NaN, as in C."""
    return widened(b, FLOAT, [x], lambda p: _FORMULAS[op_type](b, p))


def _from(b: Builder, number: float, x: ir.Value, op: str = "SUB") -> ir.Value:
    """The operator with a constant as its first operand."""
    return binary(b, op, b.const(number, dtype_of(x)), x)


def _tan(b: Builder, x: ir.Value) -> ir.Value:
    return binary(b, "DIV", unary(b, "SIN", x), unary(b, "COS", x))


def _atan(b: Builder, x: ir.Value) -> ir.Value:
    """ATAN2 does not broadcast."""
    one, shape = b.const(np.ones((1,) * rank_of(x), np.float32)), shape_of(x)
    return b.emit("ATAN2", [x, _spread(b, one, shape)], shape=shape, dtype="float32")


def _spread(b: Builder, one: ir.Value, shape: tuple[int, ...]) -> ir.Value:
    """Ones made at run time: as a constant they would be as large in the file as the tensor."""
    if shape_of(one) == shape:
        return one
    return b.emit("BROADCAST_TO", [one, b.ints(shape)], shape=shape, dtype="float32")


def _cathetus(b: Builder, x: ir.Value) -> ir.Value:
    """sqrt(1 - x^2) as a product, which is exact near 1."""
    return unary(b, "SQRT", binary(b, "MUL", _from(b, 1, x), binary(b, "ADD", x, 1)))


def _asin(b: Builder, x: ir.Value) -> ir.Value:
    return b.emit("ATAN2", [x, _cathetus(b, x)], shape=shape_of(x), dtype="float32")


def _acos(b: Builder, x: ir.Value) -> ir.Value:
    return b.emit("ATAN2", [_cathetus(b, x), x], shape=shape_of(x), dtype="float32")


def _sinh(b: Builder, x: ir.Value) -> ir.Value:
    """With t = exp(-|x|) - 1, which ELU gives without cancellation: sign(x) exp(|x|) / 2 * -t (2 + t)."""
    size = unary(b, "ABS", x)
    t = unary(b, "ELU", unary(b, "NEG", size))
    grown = binary(b, "MUL", unary(b, "EXP", size), binary(b, "MUL", unary(b, "SIGN", x), -0.5))
    return binary(b, "MUL", grown, binary(b, "MUL", t, binary(b, "ADD", t, 2)))


def _cosh(b: Builder, x: ir.Value) -> ir.Value:
    both = binary(b, "ADD", unary(b, "EXP", x), unary(b, "EXP", unary(b, "NEG", x)))
    return binary(b, "MUL", both, 0.5)


def _asinh(b: Builder, x: ir.Value) -> ir.Value:
    """sign(x) log(|x| + sqrt(x^2 + 1)), the root as m sqrt((|x|/m)^2 + 1/m^2) with m = max(|x|, 1) against overflow."""
    size = unary(b, "ABS", x)
    largest = _from(b, 1, size, "MAXIMUM")
    squares = [unary(b, "SQUARE", ratio) for ratio in (binary(b, "DIV", size, largest), _from(b, 1, largest, "DIV"))]
    root = binary(b, "MUL", largest, unary(b, "SQRT", binary(b, "ADD", *squares)))
    return binary(b, "MUL", unary(b, "SIGN", x), unary(b, "LOG", binary(b, "ADD", size, root)))


def _acosh(b: Builder, x: ir.Value) -> ir.Value:
    roots = [unary(b, "SQRT", binary(b, op, x, 1)) for op in ("SUB", "ADD")]
    return unary(b, "LOG", binary(b, "ADD", x, binary(b, "MUL", *roots)))


def _atanh(b: Builder, x: ir.Value) -> ir.Value:
    ratio = binary(b, "DIV", binary(b, "ADD", x, 1), _from(b, 1, x))
    return binary(b, "MUL", unary(b, "LOG", ratio), 0.5)


def _erf(b: Builder, x: ir.Value) -> ir.Value:
    """GELU(z) = z (1 + erf(z / sqrt 2)) / 2, so with z = sqrt(2) |x|: erf = sign(x) (2 GELU(z) / z - 1).

    z is kept off 0 and below 10, where erf is 1 to the last bit; the result is within 4e-7 of erf.
    """
    z = binary(b, "MUL", unary(b, "ABS", x), math.sqrt(2))
    z = _from(b, 10, _from(b, 1e-20, z, "MAXIMUM"), "MINIMUM")
    ratio = binary(b, "DIV", unary(b, "GELU", z, approximate=0), z)
    return binary(b, "MUL", unary(b, "SIGN", x), binary(b, "SUB", binary(b, "MUL", ratio, 2), 1))


_FORMULAS: dict[str, Callable[[Builder, ir.Value], ir.Value]] = {
    "Tan": _tan,
    "Asin": _asin,
    "Acos": _acos,
    "Atan": _atan,
    "Sinh": _sinh,
    "Cosh": _cosh,
    "Asinh": _asinh,
    "Acosh": _acosh,
    "Atanh": _atanh,
    "Erf": _erf,
}
