"""Arithmetic that is done at once where all operands are constants, and by an operator otherwise.

numpy's float32 and int32 give the bits that TFLite's kernels give: one IEEE operation each, halves rounded to even.
"""

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, select, unary
from portproof.exporter.tflite.make.movement import gather
from portproof.exporter.tflite.values import Array, array_of, constant, dtype_of

Number = ir.Value | float

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "ADD": np.add,
    "SUB": np.subtract,
    "MUL": np.multiply,
    "DIV": np.divide,
    "MAXIMUM": np.maximum,
    "MINIMUM": np.minimum,
    "FLOOR_MOD": np.mod,
    "FLOOR_DIV": np.floor_divide,
    "FLOOR": np.floor,
    "CEIL": np.ceil,
    "ROUND": np.rint,
    "ABS": np.abs,
    "NEG": np.negative,
    "LESS": np.less,
    "LESS_EQUAL": np.less_equal,
    "GREATER": np.greater,
    "GREATER_EQUAL": np.greater_equal,
    "EQUAL": np.equal,
    "NOT_EQUAL": np.not_equal,
    "LOGICAL_AND": np.logical_and,
    "LOGICAL_OR": np.logical_or,
    "POW": np.power,
    "RIGHT_SHIFT": np.right_shift,
}


def calc(b: Builder, op: str, x: Number, *others: Number) -> ir.Value:
    """One elementwise operator, or the constant that it would give.

    Args:
        b: the builder.
        op: of TFLite; float32 or int32 (FLOOR_MOD: float32 or an integer type).
        x: a value, or a number in the type of the others.
        others: more operands, taken from left to right: ``calc(b, "MUL", x, y, z)`` is x * y * z.
    """
    if not others:
        array = array_of(x) if isinstance(x, ir.Value) else None
        if isinstance(x, ir.Value) and array is None:
            return unary(b, op, x)
        return constant(np.asarray(_FUNCTIONS[op](array)))
    dtype = next(dtype_of(item) for item in (x, *others) if isinstance(item, ir.Value))
    first, *rest = [item if isinstance(item, ir.Value) else b.const(item, dtype) for item in (x, *others)]
    return reduce(lambda left, right: _pair(b, op, left, right), rest, first)


def _pair(b: Builder, op: str, x: ir.Value, y: ir.Value) -> ir.Value:
    left, right = array_of(x), array_of(y)
    if left is None or right is None:
        return binary(b, op, x, y)
    with np.errstate(all="ignore"):
        return constant(np.asarray(_FUNCTIONS[op](left, right)))


def clip(b: Builder, x: ir.Value, low: float, high: float) -> ir.Value:
    """`x` within [low, high]."""
    return calc(b, "MINIMUM", calc(b, "MAXIMUM", x, low), high)


def choose(b: Builder, condition: ir.Value, x: Number, y: Number) -> ir.Value:
    """`x` where `condition` holds, else `y`; one of them at least is a value."""
    dtype = next(dtype_of(item) for item in (x, y) if isinstance(item, ir.Value))
    left, right = (item if isinstance(item, ir.Value) else b.const(item, dtype) for item in (x, y))
    known = [array_of(value) for value in (condition, left, right)]
    if any(array is None for array in known):
        return select(b, condition, left, right)
    return constant(np.where(*(array for array in known if array is not None)))


def take(b: Builder, x: ir.Value, indices: Array, axis: int) -> ir.Value:
    """Entries of `x` along a non-negative `axis`, at constant places."""
    array = array_of(x)
    return gather(b, x, indices, axis) if array is None else constant(np.take(array, indices, axis))
