"""Places of extreme values; MIL says of its own argmax that among equal values any may be taken."""

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary, select
from portproof.exporter.coreml.values import Array, Var, rank_of


def place_of_extreme(b: Builder, x: Var, axis: int, *, largest: bool, last: bool, keep_dims: bool) -> Var:
    """The first place (or the `last`) of the extreme value along a non-negative axis: int32."""
    peak = b.emit("reduce_max" if largest else "reduce_min", x=x, axes=[axis], keep_dims=True)
    places = places_along(x, axis)
    other = 0 if last else places.size - 1
    order = select(b, binary(b, "equal", x, peak), b.const(places), np.int32(other))
    return b.emit("reduce_max" if last else "reduce_min", x=order, axes=[axis], keep_dims=keep_dims)


def places_along(x: Var, axis: int) -> Array:
    """0, 1, ... along one axis, in a shape that broadcasts against `x`: int32."""
    count = int(x.shape[axis])
    shape = [count if other == axis else 1 for other in range(rank_of(x))]
    return np.arange(count, dtype=np.int32).reshape(shape)
