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
from portproof.exporter.coreml.values import Var, dtype_of, is_float
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
    if is_float(x):
        return _max_pool(b, x, kernel_shape, column_major=storage_order == 1, **given)
    with b.exactly():
        y, places = _max_pool(b, as_float(b, x), kernel_shape, column_major=storage_order == 1, **given)
        return [b.cast(y, dtype_of(x)), places]


def _max_pool(
    b: Builder, x: Var, kernel_shape: Sequence[int], *, column_major: bool, **given: Any
) -> Sequence[Var | None]:
    window = window_of(x, kernel_shape, **given)
    if window is None:
        if is_read(b, 1) or any(d > 1 for d in given["dilations"] or ()):
            raise Refusal("Indices or dilations with sizes known only at run time", "declare the sizes with --input")
        return [pooled(b, "max_pool", x, kernel_shape, None, **given), None]
    window.counts(padding=False)
    y = _dilated(b, x, window) if window.dilated else pooled(b, "max_pool", x, kernel_shape, window, **given)
    places = places_of_maxima(b, x, window, column_major=column_major) if is_read(b, 1) else None
    return [y, places]


def _dilated(b: Builder, x: Var, window: Window) -> Var:
    """One axis after the other: the maximum of the input shifted by each tap."""
    x = padded(b, x, [(0, 0), (0, 0), *window.pads], -np.inf)
    for axis in range(len(window.size)):
        taps = [shifted(b, x, window, axis, tap) for tap in range(window.kernel[axis])]
        x = reduce(partial(binary, b, "maximum"), taps)
    return x
