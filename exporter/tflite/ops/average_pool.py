"""AveragePool: AVERAGE_POOL_2D, corrected where padding is counted otherwise than its kernel does."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast
from portproof.exporter.tflite.make.floats import as_float32
from portproof.exporter.tflite.make.movement import pad
from portproof.exporter.tflite.make.pooling import kernel_2d, pool, sum_2d, taps
from portproof.exporter.tflite.make.spatial import Axes
from portproof.exporter.tflite.make.window import Window, pool_window
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import Array, dtype_of, shape_of


@onnx_op("AveragePool", note="any number of axes; float32, float16")
def average_pool(
    b: Builder,
    x: ir.Value,
    *,
    auto_pad: str,
    ceil_mode: int | None,
    count_include_pad: int,
    dilations: Sequence[int] | None,
    kernel_shape: Sequence[int],
    pads: Sequence[int] | None,
    strides: Sequence[int] | None,
) -> ir.Value:
    """The mean under each window, of the padding too with `count_include_pad`, never of what ceil_mode adds."""
    window, declared = pool_window(
        shape_of(x)[2:],
        kernel_shape,
        strides=strides,
        dilations=dilations,
        auto_pad=auto_pad,
        pads=pads,
        ceil_mode=ceil_mode or 0,
    )
    counts = taps(window, declared if count_include_pad else [(0, 0)] * len(declared))
    dtype = dtype_of(x)
    y = pool(b, as_float32(b, x, "AveragePool"), window, partial(_mean_2d, counts=counts))
    return cast(b, y, dtype)


_NO_PADS = [(0, 0), (0, 0)]


def _mean_2d(b: Builder, x: ir.Value, window: Window, axes: Axes, *, counts: Sequence[Array]) -> ir.Value:
    # AVERAGE_POOL_2D divides by the elements under the window, and SAME padding is none.
    wanted = [np.ones(1) if axis is None else counts[axis] for axis in axes]
    padding = window.padding()
    if window.dilation == (1, 1) and padding and all(map(np.array_equal, taps(window, _NO_PADS), wanted)):
        return kernel_2d(b, "AVERAGE_POOL_2D", x, window, padding)
    y, divisor = _padded_mean(b, x, window) if window.dilation == (1, 1) else (sum_2d(b, x, window), 1)
    factor = divisor / np.multiply.outer(*wanted).astype(np.float64)
    return y if (factor == 1).all() else binary(b, "MUL", y, b.const(factor[None, ..., None], "float32"))


def _padded_mean(b: Builder, x: ir.Value, window: Window) -> tuple[ir.Value, int]:
    """Sums of the zero-padded input divided by the kernel's size, and that size."""
    x = pad(b, x, [(0, 0), *window.pads, (0, 0)])
    return kernel_2d(b, "AVERAGE_POOL_2D", x, window, "VALID"), window.kernel[0] * window.kernel[1]
