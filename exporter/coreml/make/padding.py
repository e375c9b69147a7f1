"""A border of one number around a tensor."""

from collections.abc import Sequence

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.values import Var, array_of, dtype_of, is_float


def padded(b: Builder, x: Var, widths: Sequence[tuple[int, int]], number: float = 0) -> Var:
    """`x` with (before, after) entries more on each axis, all `number`; nothing is emitted for no entries.

    MIL's pad has floats only: whole numbers of fewer than 24 bits go through float32.
    """
    if not any(before or after for before, after in widths):
        return x
    array = array_of(x)
    if array is not None:
        return b.const(np.pad(array, list(widths), constant_values=number))
    if not is_float(x):
        with b.exactly():
            return b.cast(padded(b, b.cast(x, "float32"), widths, number), dtype_of(x))
    first = next(axis for axis, (before, after) in enumerate(widths) if before or after)
    flat = [width for pair in widths[first:] for width in pair]
    return b.emit("pad", x=x, pad=flat, mode="constant", constant_val=b.like(number, x))
