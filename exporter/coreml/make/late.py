"""Shapes with sizes that only a run knows."""

from collections.abc import Sequence
from dataclasses import dataclass

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
