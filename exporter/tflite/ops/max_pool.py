"""MaxPool: MAX_POOL_2D, or maxima of shifted slices where taps are apart."""

from collections.abc import Sequence
from functools import partial, reduce

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast
from portproof.exporter.tflite.make.floats import as_float32
from portproof.exporter.tflite.make.movement import every, pad
from portproof.exporter.tflite.make.outputs import is_read
from portproof.exporter.tflite.make.pool_places import places_of_maxima
from portproof.exporter.tflite.make.pooling import kernel_2d, pool, taps
from portproof.exporter.tflite.make.spatial import Axes
from portproof.exporter.tflite.make.window import Window, pool_window
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import dtype_of, shape_of


@onnx_op("MaxPool", note="any number of axes; float32, float16, int8, uint8")
def max_pool(
    b: Builder,
    x: ir.Value,
    *,
    auto_pad: str,
    ceil_mode: int | None,
    dilations: Sequence[int] | None,
    kernel_shape: Sequence[int],
    pads: Sequence[int] | None,
    storage_order: int | None,
    strides: Sequence[int] | None,
) -> Sequence[ir.Value | None]:
    """The largest element under each window, and where it is; padding never wins."""
    window, _ = pool_window(
        shape_of(x)[2:],
        kernel_shape,
        strides=strides,
        dilations=dilations,
        auto_pad=auto_pad,
        pads=pads,
        ceil_mode=ceil_mode or 0,
    )
    taps(window, [(0, 0)] * len(kernel_shape))
    dtype = dtype_of(x)
    if dtype.name not in ("int8", "uint8"):
        x = as_float32(b, x, "MaxPool")
    if any(k > 1 and d > 1 for k, d in zip(window.kernel, window.dilation, strict=True)):
        y = _dilated(b, x, window)
    else:
        y = pool(b, x, window, _kernel)
    places = places_of_maxima(b, x, window, column_major=storage_order == 1) if is_read(b, 1) else None
    return [cast(b, y, dtype), places]


def _kernel(b: Builder, x: ir.Value, window: Window, axes: Axes) -> ir.Value:
    padding = window.padding()
    if padding is None:
        x, padding = pad(b, x, [(0, 0), *window.pads, (0, 0)], _lowest(dtype_of(x))), "VALID"
    return kernel_2d(b, "MAX_POOL_2D", x, window, padding)


def _lowest(dtype: np.dtype) -> float | int:
    return -np.inf if dtype.kind == "f" else int(np.iinfo(dtype).min)


def _dilated(b: Builder, x: ir.Value, window: Window) -> ir.Value:
    """One axis after the other: the maximum of the input shifted by each tap."""
    x = pad(b, x, [(0, 0), (0, 0), *window.pads], _lowest(dtype_of(x)))
    for axis, (k, s, d, out) in enumerate(
        zip(window.kernel, window.stride, window.dilation, window.out, strict=True), start=2
    ):
        taps = [every(b, x, axis, start=tap * d, step=s, count=out) for tap in range(k)]
        x = reduce(partial(binary, b, "MAXIMUM"), taps)
    return x
