"""Convolutions and pools written out in numpy: windows laid over a padded array."""

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

Pads = Sequence[tuple[int, int]]


def windows(
    x: np.ndarray, kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int], pads: Pads, fill: float
) -> np.ndarray:
    """[n, c, *windows, *kernel] of `x` [n, c, *sizes]."""
    rank = len(kernel)
    padded = np.pad(x, [(0, 0), (0, 0), *pads], constant_values=fill)
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    views = sliding_window_view(padded, spans, axis=tuple(range(2, 2 + rank)))
    every = [slice(None, None, s) for s in strides]
    inside = [slice(None, None, d) for d in dilations]
    return views[(slice(None), slice(None), *every, *inside)]


def conv(
    x: np.ndarray,
    weight: np.ndarray,
    *,
    strides: Sequence[int],
    dilations: Sequence[int],
    pads: Pads,
    groups: int = 1,
) -> np.ndarray:
    """The convolution in float64."""
    rank = x.ndim - 2
    parts = []
    for image, filters in zip(np.split(x, groups, 1), np.split(weight, groups, 0), strict=True):
        view = windows(image.astype(np.float64), weight.shape[2:], strides, dilations, pads, 0.0)
        axes = (1, *range(2 + rank, 2 + 2 * rank))
        out = np.tensordot(view, filters.astype(np.float64), (axes, (1, *range(2, 2 + rank))))
        parts.append(np.moveaxis(out, -1, 1))
    return np.concatenate(parts, 1)


def conv_transpose(
    x: np.ndarray,
    weight: np.ndarray,
    *,
    strides: Sequence[int],
    dilations: Sequence[int],
    cut: Sequence[int],
    sizes: Sequence[int],
    groups: int = 1,
) -> np.ndarray:
    """Every element of `x` scattered by the kernel; `cut` elements dropped before each axis, `sizes` kept."""
    room = [c + s + 64 for c, s in zip(cut, sizes, strict=True)]
    full = np.zeros((x.shape[0], weight.shape[1] * groups, *room))
    inputs, outputs = x.shape[1] // groups, weight.shape[1]
    for place in np.ndindex(*x.shape[2:]):
        for tap in np.ndindex(*weight.shape[2:]):
            to = tuple(p * s + t * d for p, s, t, d in zip(place, strides, tap, dilations, strict=True))
            for group in range(groups):
                ins = slice(group * inputs, (group + 1) * inputs)
                outs = slice(group * outputs, (group + 1) * outputs)
                product = x[(slice(None), ins, *place)] @ weight[(ins, slice(None), *tap)]
                full[(slice(None), outs, *to)] += product
    return full[(slice(None), slice(None), *[slice(c, c + s) for c, s in zip(cut, sizes, strict=True)])]
