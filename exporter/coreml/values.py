"""Small questions asked of MIL's values while a program is built."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from portproof.exporter.lowering.refusal import UnknownShape

Var: TypeAlias = Any
"""A value of a MIL program, `coremltools.converters.mil.mil.Var`; the package has no type information."""

Array = NDArray[Any]

MOST_AXES = 5
"""Core ML's tensors have at most five axes."""
NARROW = frozenset({"int8", "uint8", "int16", "uint16"})
"""Types that only few MIL operators take; others get int32."""


def is_var(item: object) -> bool:
    """Whether it is a tensor of the program."""
    from coremltools.converters.mil.mil import Var as MilVar

    return isinstance(item, MilVar)


def is_known(x: Var) -> bool:
    """Whether every size of `x` is known when the file is written."""
    return all(isinstance(size, int | np.integer) for size in x.shape)


def shape_of(x: Var) -> tuple[int, ...]:
    """The static shape of `x`.

    Raises:
        UnknownShape: a size is known only at run time.
    """
    if not is_known(x):
        raise UnknownShape(f"the shape of {x.name} is not known before run time", "declare the sizes with --input")
    return tuple(int(size) for size in x.shape)


def rank_of(x: Var) -> int:
    """The number of dimensions of `x`; always known."""
    return len(x.shape)


def dtype_of(x: Var) -> str:
    """The numpy name of the type that `x` has in the program: ``"float32"``, ``"int32"``, ``"bool"`` ..."""
    from coremltools.converters.mil.mil import types

    name: str = np.dtype(types.nptype_from_builtin(x.dtype)).name
    return name


def is_float(x: Var) -> bool:
    """Whether `x` is of a float type."""
    return dtype_of(x).startswith("float")


def array_of(x: Var | None) -> Array | None:
    """The constant that `x` holds, in its shape; None when it is computed at run time (or absent)."""
    if x is None or x.val is None:
        return None
    return np.asarray(x.val)


def ints_of(x: Var) -> list[int]:
    """The integers of a constant parameter such as axes, paddings or a shape, flattened.

    Raises:
        UnknownShape: it is computed at run time.
    """
    array = array_of(x)
    if array is None:
        raise UnknownShape(f"{x.name} is computed at run time", "make it a constant of the model")
    return [int(item) for item in array.reshape(-1)]
