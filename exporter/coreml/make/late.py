"""Shapes with sizes that only a run knows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.movement import reshape
from portproof.exporter.coreml.values import Var


@dataclass(frozen=True, kw_only=True)
class Of:
    """The size of a value along an axis."""

    axis: int


def is_number(size: object) -> bool:
    """Whether a size of a shape is known when the file is written."""
    return isinstance(size, int | np.integer)


def size_of(b: Builder, x: Var, axis: int) -> Var | np.int32:
    """The size of `x` along `axis`: a number, or an int32 scalar of the run."""
    size = x.shape[axis]
    if is_number(size):
        return np.int32(size)
    return b.emit("gather", x=b.emit("shape", x=x), indices=np.int32(axis), axis=0)


def reshaped_like(b: Builder, x: Var, sizes: Sequence[int | Of]) -> Var:
    """`x` reshaped to sizes of which some are its own: -1 says the only one that is not known."""
    known = [int(x.shape[s.axis]) if isinstance(s, Of) and is_number(x.shape[s.axis]) else s for s in sizes]
    late = [size for size in known if isinstance(size, Of)]
    if len(late) + known.count(-1) <= 1:
        return reshape(b, x, [-1 if isinstance(size, Of) else size for size in known])
    own = b.emit("shape", x=x)
    parts = [
        b.emit("slice_by_index", x=own, begin=[size.axis], end=[size.axis + 1])
        if isinstance(size, Of)
        else np.array([size], np.int32)
        for size in known
    ]
    return b.emit("reshape", x=x, shape=b.emit("concat", values=parts, axis=0))


def partly_known(x: Var, shape: Var) -> list[int] | None:
    """The sizes that a shape computed at run time asks for, -1 for the only one that is not known; None for more.

    MIL knows numbers and symbols of a computed shape; what -1 stands for in it follows from the elements of `x`.
    """
    sizes = None if shape.sym_val is None else list(np.asarray(shape.sym_val).reshape(-1))
    if sizes is None or any(is_number(size) and size == 0 for size in sizes):
        return None
    rest = [place for place, size in enumerate(sizes) if is_number(size) and size == -1]
    if len(rest) == 1:
        others = [size for place, size in enumerate(sizes) if place != rest[0]]
        quotient = _product(x.shape) / _product(others)
        if not getattr(quotient, "is_Integer", False):
            return None
        sizes[rest[0]] = int(quotient)
    late = [place for place, size in enumerate(sizes) if not is_number(size)]
    return [-1 if place in late else int(size) for place, size in enumerate(sizes)] if len(late) == 1 else None


def _product(sizes: Sequence[Any]) -> Any:
    """Of numbers and symbols."""
    whole: Any = 1
    for size in sizes:
        whole = whole * (int(size) if is_number(size) else size)
    return whole
