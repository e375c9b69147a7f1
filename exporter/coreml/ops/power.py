"""Pow. Usual constant exponents become products."""

from collections.abc import Callable

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import as_float, binary, unary
from portproof.exporter.coreml.make.wrapping import wrapped
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, array_of, dtype_of, is_float, rank_of
from portproof.exporter.lowering.refusal import Refusal

_LARGEST_PRODUCT = 64
_HINT = "use a constant exponent, or cast the base to float32"


@onnx_op("Pow", since=7, note="integer bases: constant exponents must be whole numbers from 0 on")
def power(b: Builder, x: Var, y: Var) -> Var:
    """X to the power of y, in the type of x."""
    exponent = _single(x, y)
    if not is_float(x):
        return wrapped(b, _integer(b, x, y, exponent))
    if exponent in _PRODUCTS:
        return _PRODUCTS[exponent](b, x)
    return binary(b, "pow", x, b.cast(y, dtype_of(x)))


def _single(x: Var, y: Var) -> float | None:
    """The one number that a constant exponent consists of, when it does not add axes to the base."""
    array = array_of(y)
    if array is None or array.size != 1 or array.ndim > rank_of(x):
        return None
    return float(array.reshape(-1)[0])


def _inverse(b: Builder, x: Var) -> Var:
    return b.emit("real_div", x=b.like(1, x), y=x)


_PRODUCTS: dict[float | None, Callable[[Builder, Var], Var]] = {
    1: lambda _, x: x,
    2: lambda b, x: unary(b, "square", x),
    3: lambda b, x: binary(b, "mul", unary(b, "square", x), x),
    0.5: lambda b, x: unary(b, "sqrt", x),
    -0.5: lambda b, x: unary(b, "rsqrt", x, epsilon=b.like(0, x)),
    -1: _inverse,
}


def _integer(b: Builder, x: Var, y: Var, exponent: float | None) -> Var:
    array = array_of(y)
    if array is not None and not (np.all(array >= 0) and np.all(array == np.floor(array))):
        raise Refusal("an integer is raised to an exponent that is not a whole number from 0 on", _HINT)
    if exponent is not None and 1 <= exponent <= _LARGEST_PRODUCT:
        return _product(b, x, int(exponent))
    if array is None and is_float(y):
        return _by_float(b, x, y)
    return binary(b, "pow", x, b.cast(y, "int32"))


def _product(b: Builder, x: Var, exponent: int) -> Var:
    """By squaring; integers wrap around as a loop of products would."""
    if exponent == 1:
        return x
    half = _product(b, x, exponent // 2)
    whole = binary(b, "mul", half, half)
    return binary(b, "mul", whole, x) if exponent % 2 else whole


def _by_float(b: Builder, x: Var, y: Var) -> Var:
    """The power in float32 without its fraction; a whole number that came out a little short is not lost."""
    with b.exactly():
        result = binary(b, "pow", as_float(b, x), b.cast(y, "float32"))
        return b.cast(binary(b, "mul", result, 1 + 2**-21), "int32")
