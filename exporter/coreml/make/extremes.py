"""Places of extreme values; MIL says of its own argmax that among equal values any may be taken."""

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary
from portproof.exporter.coreml.values import Array, Var, rank_of


def place_of_extreme(b: Builder, x: Var, axis: int, *, largest: bool, last: bool, keep_dims: bool) -> Var:
    """The first place (or the `last`) of the extreme value along a non-negative axis: int32."""
    peak = b.emit("reduce_max" if largest else "reduce_min", x=x, axes=[axis], keep_dims=True)
    places = places_along(x, axis)
    # Counted from the end, the first place is the highest.
    ranks = places if last else np.flip(places, axis)
    found = binary(b, "mul", b.cast(binary(b, "equal", x, peak), "int32"), ranks)
    best = b.emit("reduce_max", x=found, axes=[axis], keep_dims=keep_dims)
    return best if last else b.emit("sub", x=np.int32(places.size - 1), y=best)


def places_along(x: Var, axis: int) -> Array:
    """0, 1, ... along one axis, in a shape that broadcasts against `x`: int32."""
    count = int(x.shape[axis])
    shape = [count if other == axis else 1 for other in range(rank_of(x))]
    return np.arange(count, dtype=np.int32).reshape(shape)
