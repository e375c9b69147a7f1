"""The windows of a convolution: which values of its input meet the taps of its kernel, at chosen positions only.

All positions of all samples are never needed: second moments of a few hundred positions a sample say as much, and
cutting out only those keeps memory and time small (a 3x3 im2col holds nine times the input).
"""

import math
from collections.abc import Callable, Sequence
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
        same: "SAME_UPPER" or "SAME_LOWER": pads of a Conv that follow from the size of the input; "" else.
    """

    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads_begin: tuple[int, ...]
    pads_end: tuple[int, ...]
    transposed: bool = False
    output_padding: tuple[int, ...] = ()
    same: str = ""


def rows(x: NDArray[Any], windows: Windows, kernel: tuple[int, ...], groups: int, choose: Choose) -> NDArray[Any]:
    """The chosen windows of x [N, C, *spatial] as [rows, groups, C / groups * taps]; positions count N first.

    Padding is zero: x holds real values, or quantized values less their zero point.
    """
    strides = windows.strides
    if windows.transposed:
        x, windows, strides = *_spread(x, windows, kernel), (1,) * len(kernel)
    count, channels, *sizes = x.shape
    reach = tuple((k - 1) * d + 1 for k, d in zip(kernel, windows.dilations, strict=True))
    pads = _pads(tuple(sizes), windows, reach)
    outputs = [(n + sum(p) - r) // s + 1 for n, p, r, s in zip(sizes, pads, reach, strides, strict=True)]
    sample, *places = np.unravel_index(choose(count * math.prod(outputs)), (count, *outputs))
    starts = [place * s - begin for place, s, (begin, _) in zip(places, strides, pads, strict=True)]
    index, inside = _taps(starts, kernel, windows.dilations, tuple(sizes))
    # Channels first: what is taken of one channel lies side by side, and depthwise moments want it so.
    flat = x.reshape(count, channels, -1).swapaxes(0, 1).reshape(channels, -1)
    cut = flat.take(sample[:, None] * math.prod(sizes) + index, axis=1)
    if not inside.all():
        cut *= inside
    return cut.reshape(groups, -1, len(sample), index.shape[1]).transpose(2, 0, 1, 3).reshape(len(sample), groups, -1)


def _taps(
    starts: Sequence[NDArray[np.intp]], kernel: tuple[int, ...], dilations: tuple[int, ...], sizes: tuple[int, ...]
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Where the taps of windows lie in flat space, and whether inside it, [windows, taps]."""
    taps = np.indices(kernel).reshape(len(kernel), -1)
    index = np.zeros((len(starts[0]), taps.shape[1]), np.intp)
    inside = np.ones(index.shape, np.bool_)
    for start, tap, dilation, size in zip(starts, taps, dilations, sizes, strict=True):
        place = start[:, None] + tap * dilation
        inside &= (place >= 0) & (place < size)
        index = index * size + np.clip(place, 0, size - 1)
    return index, inside


def _pads(sizes: tuple[int, ...], windows: Windows, reach: tuple[int, ...]) -> list[tuple[int, int]]:
    """Before and after each spatial axis."""
    if not windows.same:
        return list(zip(windows.pads_begin, windows.pads_end, strict=True))
    pads = []
    for size, stride, length in zip(sizes, windows.strides, reach, strict=True):
        total = max(0, (-(-size // stride) - 1) * stride + length - size)
        less, more = total // 2, total - total // 2
        pads.append((less, more) if windows.same == "SAME_UPPER" else (more, less))
    return pads


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
