"""AveragePool: MIL's avg_pool, corrected where padding is counted otherwise than it does."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary
from portproof.exporter.coreml.make.pooling import pooled, refuse_late_windows, sums, window_of
from portproof.exporter.coreml.make.windows import Window
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var


@onnx_op("AveragePool", note="one to three spatial axes")
def average_pool(
    b: Builder,
    x: Var,
    *,
    auto_pad: str,
    ceil_mode: int | None,
    count_include_pad: int | None,
    dilations: Sequence[int] | None,
    kernel_shape: Sequence[int],
    pads: Sequence[int] | None,
    strides: Sequence[int] | None,
) -> Var:
    """The mean under each window, of the padding too with `count_include_pad`, never of what ceil_mode adds."""
    given: dict[str, Any] = {
        "auto_pad": auto_pad,
        "ceil_mode": ceil_mode or 0,
        "dilations": dilations,
        "pads": pads,
        "strides": strides,
    }
    window, whole = window_of(x, kernel_shape, **given), bool(count_include_pad)
    if window is None and any(d > 1 for d in dilations or ()):
        refuse_late_windows(window, "dilations")
    if window is None or not _differs(window, whole):
        return pooled(b, "avg_pool", x, kernel_shape, window, average=not whole, **given)
    counts = window.counts(padding=whole)
    return binary(b, "mul", sums(b, x, window), (1 / counts)[None, None])


def _differs(window: Window, whole: bool) -> bool:
    """Whether MIL's operator would divide by other numbers than ONNX's."""
    counts = window.counts(padding=whole)
    return window.dilated or (whole and not np.all(counts == math.prod(window.kernel)))
