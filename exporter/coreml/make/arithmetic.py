"""Elementwise operators of MIL with numpy's broadcasting."""

from typing import Any

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.values import Var, dtype_of, is_var

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


def select(b: Builder, condition: Var, x: Var, y: Var) -> Var:
    """`x` where `condition` holds, else `y`; all of one shape after broadcasting."""
    return b.emit("select", cond=condition, a=x, b=y)
