"""Elementwise operators of MIL with numpy's broadcasting."""

from typing import Any

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.movement import broadcast_to
from portproof.exporter.coreml.values import Var, dtype_of, is_known, is_var, shape_of

Operand = Any
"""A value of the program, or a number or array that takes the type of the other operand."""


def unary(b: Builder, op: str, x: Var, **attributes: Any) -> Var:
    """One operator with one input."""
    return b.emit(op, x=x, **attributes)


def binary(b: Builder, op: str, x: Operand, y: Operand) -> Var:
    """One operator with two inputs, of which at most one is a plain number or array."""
    if not is_var(y):
        return b.emit(op, x=x, y=b.like(y, x))
    if not is_var(x):
        return b.emit(op, x=b.like(x, y), y=y)
    return b.emit(op, x=x, y=y)


def as_float(b: Builder, x: Var) -> Var:
    """`x` itself when it is a float, else as float32."""
    return x if np.dtype(dtype_of(x)).kind == "f" else b.cast(x, "float32")


def select(b: Builder, condition: Var, x: Operand, y: Operand) -> Var:
    """`x` where `condition` holds, else `y`, at most one of them a plain number; all broadcast to one shape.

    MIL infers the shape from `x` and `y` alone: one of them is repeated where the condition is the larger.
    """
    x = x if is_var(x) else b.const(np.asarray(b.like(x, y)))
    y = y if is_var(y) else b.const(np.asarray(b.like(y, x)))
    if not _covers(condition, x, y):
        y = _as_large(b, condition, x, y)
    return b.emit("select", cond=condition, a=x, b=y)


def _covers(condition: Var, x: Var, y: Var) -> bool:
    """Whether `x` and `y` together have every axis of the condition in its size."""
    rank = max(len(x.shape), len(y.shape))
    if rank < len(condition.shape):
        return False
    sizes = [[1] * (rank - len(value.shape)) + list(value.shape) for value in (x, y)]
    wanted = [1] * (rank - len(condition.shape)) + list(condition.shape)
    return all(size == 1 or size in (left, right) for size, left, right in zip(wanted, *sizes, strict=True))


def _as_large(b: Builder, condition: Var, x: Var, y: Var) -> Var:
    if is_known(condition) and is_known(x) and is_known(y):
        return broadcast_to(b, y, np.broadcast_shapes(shape_of(condition), shape_of(x), shape_of(y)))
    if dtype_of(y) == "bool":
        return b.emit("logical_or", x=y, y=b.emit("logical_and", x=condition, y=b.emit("logical_not", x=condition)))
    return binary(b, "add", y, binary(b, "mul", b.cast(condition, dtype_of(y)), 0))
