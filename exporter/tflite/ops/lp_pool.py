"""LpPool: the p-th root of window sums of p-th powers."""

from collections.abc import Sequence

import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast
from portproof.exporter.tflite.make.floats import as_float32
from portproof.exporter.tflite.make.norms import magnitude, root
from portproof.exporter.tflite.make.pooling import pool, sum_2d
from portproof.exporter.tflite.make.spatial import Axes
from portproof.exporter.tflite.make.window import Window, pool_window
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import dtype_of, shape_of


@onnx_op("LpPool", since=2, note="any number of axes; float32, float16")
def lp_pool(
    b: Builder,
    x: ir.Value,
    *,
    auto_pad: str,
    ceil_mode: int | None,
    dilations: Sequence[int] | None,
    kernel_shape: Sequence[int],
    p: int,
    pads: Sequence[int] | None,
    strides: Sequence[int] | None,
) -> ir.Value:
    """(sum of |x|^p under each window)^(1/p); padding adds nothing."""
    window, _ = pool_window(
        shape_of(x)[2:],
        kernel_shape,
        strides=strides,
        dilations=dilations,
        auto_pad=auto_pad,
        pads=pads,
        ceil_mode=ceil_mode or 0,
    )
    sums = pool(b, magnitude(b, as_float32(b, x, "LpPool"), p), window, _sum)
    return cast(b, root(b, sums, p), dtype_of(x))


def _sum(b: Builder, x: ir.Value, window: Window, axes: Axes) -> ir.Value:
    return sum_2d(b, x, window)
