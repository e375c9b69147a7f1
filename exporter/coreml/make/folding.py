"""Values of more axes than Core ML has, as long as they are only reshaped and transposed."""

import math
from collections.abc import Sequence

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.items import Folded
from portproof.exporter.coreml.make.movement import reshape
from portproof.exporter.coreml.values import MOST_AXES, Var, shape_of


def folded(x: Var, sizes: Sequence[int]) -> Folded:
    """The elements of `x`, in their order, as a tensor of `sizes`."""
    return Folded(tensor=x, shape=tuple(sizes))


def reshaped(b: Builder, x: Var | Folded, sizes: Sequence[int]) -> Var | Folded:
    """`x` with other axes, folded where they are more than Core ML has."""
    tensor = x.tensor if isinstance(x, Folded) else x
    if len(sizes) <= MOST_AXES:
        return reshape(b, tensor, sizes)
    if -1 in sizes:
        rest = math.prod(size for size in sizes if size != -1)
        sizes = [math.prod(shape_of(tensor)) // rest if size == -1 else size for size in sizes]
    return folded(tensor, sizes)


def sizes_of(x: Var | Folded) -> tuple[int, ...]:
    """The static shape of a value, folded or not.

    Raises:
        UnknownShape: a size is known only at run time.
    """
    return x.shape if isinstance(x, Folded) else shape_of(x)
