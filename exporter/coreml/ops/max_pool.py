"""MaxPool: MIL's max_pool, or maxima of shifted slices where taps lie apart."""

from collections.abc import Sequence
from functools import partial, reduce
from typing import Any

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import as_float, binary
from portproof.exporter.coreml.make.outputs import is_read
from portproof.exporter.coreml.make.padding import padded
from portproof.exporter.coreml.make.pool_places import places_of_maxima
from portproof.exporter.coreml.make.pooling import pooled, shifted, window_of
from portproof.exporter.coreml.make.windows import Window
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, dtype_of
from portproof.exporter.lowering.refusal import Refusal


@onnx_op("MaxPool", note="one to three spatial axes")
def max_pool(
    b: Builder,
    x: Var,
    *,
    auto_pad: str,
    ceil_mode: int | None,
    dilations: Sequence[int] | None,
    kernel_shape: Sequence[int],
    pads: Sequence[int] | None,
    storage_order: int | None,
    strides: Sequence[int] | None,
) -> Sequence[Var | None]:
    """The largest element under each window, and where it is; padding never wins."""
    given: dict[str, Any] = {
        "auto_pad": auto_pad,
        "ceil_mode": ceil_mode or 0,
        "dilations": dilations,
        "pads": pads,
        "strides": strides,
    }
    wide = as_float(b, x)
    window = window_of(x, kernel_shape, **given)
    if window is None:
        if is_read(b, 1) or any(d > 1 for d in dilations or ()):
            raise Refusal("Indices or dilations with sizes known only at run time", "declare the sizes with --input")
        return [b.cast(pooled(b, "max_pool", wide, kernel_shape, None, **given), dtype_of(x)), None]
    window.counts(padding=False)
    y = _dilated(b, wide, window) if window.dilated else pooled(b, "max_pool", wide, kernel_shape, window, **given)
    places = places_of_maxima(b, wide, window, column_major=storage_order == 1) if is_read(b, 1) else None
    return [b.cast(y, dtype_of(x)), places]


def _dilated(b: Builder, x: Var, window: Window) -> Var:
    """One axis after the other: the maximum of the input shifted by each tap."""
    x = padded(b, x, [(0, 0), (0, 0), *window.pads], -np.inf)
    for axis in range(len(window.size)):
        taps = [shifted(b, x, window, axis, tap) for tap in range(window.kernel[axis])]
        x = reduce(partial(binary, b, "maximum"), taps)
    return x
