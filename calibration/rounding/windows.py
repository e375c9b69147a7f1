"""The windows of a convolution: which values of its input meet the taps of its kernel, at chosen positions only.

All positions of all samples are never needed: second moments of a few hundred positions a sample say as much, and
cutting out only those keeps memory and time small (a 3x3 im2col holds nine times the input).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# From a number of positions to the chosen ones, ascending.
Choose = Callable[[int], NDArray[np.intp]]


@dataclass(frozen=True, kw_only=True)
class Windows:
    """How the windows of a convolution lie on its input, one number a spatial axis.

    Attributes:
        strides: between windows (of a ConvTranspose: between the input's values, spread out).
        dilations: between taps.
        pads_begin: before the input; of a ConvTranspose as its attribute says it.
        pads_end: after it.
        transposed: a ConvTranspose.
        output_padding: of a ConvTranspose: further outputs at the end.
    """

    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads_begin: tuple[int, ...]
    pads_end: tuple[int, ...]
    transposed: bool = False
    output_padding: tuple[int, ...] = ()


def rows(x: NDArray[Any], windows: Windows, kernel: tuple[int, ...], groups: int, choose: Choose) -> NDArray[Any]:
    """The chosen windows of x [N, C, *spatial] as [rows, groups, C / groups * taps]; positions count N first.

    Padding is zero: x holds real values, or quantized values less their zero point.
    """
    strides = windows.strides
    if windows.transposed:
        x, windows, strides = *_spread(x, windows, kernel), (1,) * len(kernel)
    padded = np.pad(x, [(0, 0), (0, 0), *zip(windows.pads_begin, windows.pads_end, strict=True)])
    reach = tuple((k - 1) * d + 1 for k, d in zip(kernel, windows.dilations, strict=True))
    spatial = tuple(range(2, x.ndim))
    view: NDArray[Any] = np.lib.stride_tricks.sliding_window_view(padded, reach, axis=spatial)
    every = (slice(None),) * 2 + tuple(slice(None, None, s) for s in strides)
    view = view[every + tuple(slice(None, None, d) for d in windows.dilations)]
    outputs = view.shape[2 : 2 + len(kernel)]
    sample, *places = np.unravel_index(choose(x.shape[0] * int(np.prod(outputs))), (x.shape[0], *outputs))
    # Indices on both sides of the channels' slice: numpy puts the axis of the rows first.
    index: tuple[Any, ...] = (sample, slice(None), *places)
    cut: NDArray[Any] = view[index].reshape(len(sample), groups, -1)
    return cut


def _spread(x: NDArray[Any], windows: Windows, kernel: tuple[int, ...]) -> tuple[NDArray[Any], Windows]:
    """The input of the Conv that a ConvTranspose is: zeros between the values, and that Conv's windows."""
    sizes = [(n - 1) * s + 1 for n, s in zip(x.shape[2:], windows.strides, strict=True)]
    spread = np.zeros((*x.shape[:2], *sizes), x.dtype)
    spread[(slice(None),) * 2 + tuple(slice(None, None, s) for s in windows.strides)] = x
    reach = [(k - 1) * d for k, d in zip(kernel, windows.dilations, strict=True)]
    more = windows.output_padding or (0,) * len(kernel)
    begin = tuple(r - p for r, p in zip(reach, windows.pads_begin, strict=True))
    end = tuple(r - p + m for r, p, m in zip(reach, windows.pads_end, more, strict=True))
    return _trimmed(spread, begin, end), Windows(
        strides=windows.strides,
        dilations=windows.dilations,
        pads_begin=tuple(max(0, p) for p in begin),
        pads_end=tuple(max(0, p) for p in end),
    )


def _trimmed(x: NDArray[Any], begin: tuple[int, ...], end: tuple[int, ...]) -> NDArray[Any]:
    """Negative pads cut values off."""
    cuts = [slice(max(0, -b), n - max(0, -e)) for b, e, n in zip(begin, end, x.shape[2:], strict=True)]
    return x[(slice(None), slice(None), *cuts)]
