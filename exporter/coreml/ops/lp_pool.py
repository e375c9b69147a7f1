"""LpPool: the p-th root of window sums of p-th powers."""

from collections.abc import Sequence
from typing import Any

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.norms import magnitude, root
from portproof.exporter.coreml.make.pooling import pooled, refuse_late_windows, sums, window_of
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, rank_of

_AXES_OF_L2_POOL = 2


@onnx_op("LpPool", since=2, note="one to three spatial axes")
def lp_pool(
    b: Builder,
    x: Var,
    *,
    auto_pad: str,
    ceil_mode: int | None,
    dilations: Sequence[int] | None,
    kernel_shape: Sequence[int],
    p: int,
    pads: Sequence[int] | None,
    strides: Sequence[int] | None,
) -> Var:
    """(sum of |x|^p under each window)^(1/p); padding adds nothing."""
    given: dict[str, Any] = {
        "auto_pad": auto_pad,
        "ceil_mode": ceil_mode or 0,
        "dilations": dilations,
        "pads": pads,
        "strides": strides,
    }
    window = refuse_late_windows(window_of(x, kernel_shape, **given), "LpPool")
    window.counts(padding=False)
    if p == 2 and rank_of(x) - 2 <= _AXES_OF_L2_POOL and not window.dilated:
        return pooled(b, "l2_pool", x, kernel_shape, window, **given)
    return root(b, sums(b, magnitude(b, x, p), window), p)
