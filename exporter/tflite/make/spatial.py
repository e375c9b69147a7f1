"""Work on any number of spatial axes by kernels that know two."""

import math
from collections.abc import Callable, Sequence

import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.movement import channels_first, channels_last, reshape
from portproof.exporter.tflite.values import shape_of

Axes = Sequence[int | None]
Kernel = Callable[[Builder, ir.Value, Axes], ir.Value]
"""Takes [N, H, W, C] to [N, H', W', C]; `Axes` are the numbers of the two among the spatial axes, None for one of
size 1 that was put in."""


def by_pairs(b: Builder, x: ir.Value, kernel: Kernel) -> ir.Value:
    """Applies `kernel` to all spatial axes of [N, C, spatial...], two at a time from the last ones on."""
    shape = shape_of(x)
    if len(shape) == 3:
        x = channels_last(b, reshape(b, x, (*shape[:2], 1, shape[2])))
        y = channels_first(b, kernel(b, x, (None, 0)))
        return reshape(b, y, (*shape[:2], shape_of(y)[3]))
    x = channels_last(b, x)
    for end in range(len(shape) - 2, 0, -2):
        x = _pair(b, x, (end - 2 if end > 1 else None, end - 1), kernel)
    return channels_first(b, x)


def _pair(b: Builder, x: ir.Value, axes: tuple[int | None, int], kernel: Kernel) -> ir.Value:
    """One or two neighbouring axes of [N, spatial..., C]: those before join N, those behind join C."""
    shape = shape_of(x)
    first, end = axes[1] if axes[0] is None else axes[0], axes[1] + 1
    front, own, behind = shape[: first + 1], shape[first + 1 : end + 1], shape[end + 1 :]
    merged = (math.prod(front), *(1,) * (2 - len(own)), *own, math.prod(behind))
    y = kernel(b, reshape(b, x, merged), axes)
    return reshape(b, y, (*front, *shape_of(y)[3 - len(own) : 3], *behind))
