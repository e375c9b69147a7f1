"""Pools: MIL's own operators, sums under windows by a depthwise convolution."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary
from portproof.exporter.coreml.make.windows import Window, explicit, padding, pool_window, spatial
from portproof.exporter.coreml.values import Var, rank_of, shape_of
from portproof.exporter.lowering.refusal import Refusal


def window_of(x: Var, kernel: Sequence[int], **given: Any) -> Window | None:
    """The window of an ONNX pool over `x` [N, C, spatial...]; None where a size is known only at run time."""
    size = spatial(x)
    return None if size is None else pool_window(size, kernel, **given)


def pooled(
    b: Builder, op: str, x: Var, kernel: Sequence[int], window: Window | None, *, average: bool = False, **given: Any
) -> Var:
    """One of MIL's pools.

    Args:
        b: the builder.
        op: ``max_pool``, ``avg_pool``, ``l2_pool``.
        x: floats [N, C, spatial...].
        kernel: sizes.
        window: where the windows lie, without dilation; None to leave that to MIL, as ONNX's attributes say.
        average: whether padding is no part of the mean.
        given: ONNX's `auto_pad`, `pads`, `strides`, `ceil_mode`, `dilations`.
    """
    rank = rank_of(x) - 2
    strides = list(given["strides"] or [1] * rank)
    words: dict[str, Any] = {"exclude_padding_from_average": average} if op == "avg_pool" else {}
    if window is not None:
        pad = explicit(list(window.pads))
    else:
        pad = padding(x, given["auto_pad"], given["pads"], list(kernel), strides)
        words["ceil_mode"] = bool(given["ceil_mode"])
    return b.emit(op, x=x, kernel_sizes=list(kernel), strides=strides, **pad, **words)


def sums(b: Builder, x: Var, window: Window) -> Var:
    """The sum of `x` under each window, padding adding nothing: a mean times its elements, or a convolution by ones."""
    if not window.dilated:
        given = {"auto_pad": "", "pads": None, "strides": window.stride, "ceil_mode": 0}
        mean = pooled(b, "avg_pool", x, window.kernel, window, average=False, **given)
        return binary(b, "mul", mean, math.prod(window.kernel))
    channels = shape_of(x)[1]
    return b.emit(
        "conv",
        x=x,
        weight=b.like(np.ones((channels, 1, *window.kernel)), x),
        strides=list(window.stride),
        dilations=list(window.dilation),
        groups=channels,
        **explicit(list(window.pads)),
    )


def shifted(b: Builder, x: Var, window: Window, axis: int, tap: int) -> Var:
    """What one tap along a spatial axis meets in each step: every stride-th entry of `x`, padded already."""
    start, stride, out = tap * window.dilation[axis], window.stride[axis], window.out[axis]
    others = [other != axis + 2 for other in range(rank_of(x))]
    return b.emit(
        "slice_by_index",
        x=x,
        begin=[0 if other else start for other in others],
        end=[0 if other else start + (out - 1) * stride + 1 for other in others],
        stride=[1 if other else stride for other in others],
        begin_mask=others,
        end_mask=others,
    )


def refuse_late_windows(window: Window | None, what: str) -> Window:
    """`window`, which has to be known.

    Raises:
        Refusal: a size is known only at run time.
    """
    if window is None:
        raise Refusal(f"{what} with sizes known only at run time", "declare the sizes with --input")
    return window
