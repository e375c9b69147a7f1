"""Pools over one, two or three spatial axes: the largest, the mean, the root of the sum of squares.

Padding is never the largest element; in a mean it counts as zeros unless `exclude_padding_from_average` is set.
"""

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it

from portproof.runtimes.coreml.registry import mil_op
from portproof.runtimes.coreml.windows import Pads, flat, pads_of, per_axis, symmetric

_MAX = {3: F.max_pool1d, 4: F.max_pool2d, 5: F.max_pool3d}
_AVG = {3: F.avg_pool1d, 4: F.avg_pool2d, 5: F.avg_pool3d}


@mil_op("max_pool", exact=True)
def max_pool_15(
    x: torch.Tensor,
    kernel_sizes: list[int],
    pad_type: str,
    strides: list[int] | None = None,
    pad: list[int] | None = None,
    ceil_mode: bool = False,
) -> torch.Tensor:
    """The largest element of each window; no ``same_lower`` yet."""
    _check_lower(pad_type)
    return max_pool(x, kernel_sizes, pad_type, strides, pad, ceil_mode)


@mil_op("max_pool", since="CoreML6", exact=True)
def max_pool(
    x: torch.Tensor,
    kernel_sizes: list[int],
    pad_type: str,
    strides: list[int] | None = None,
    pad: list[int] | None = None,
    ceil_mode: bool = False,
) -> torch.Tensor:
    """As before, with ``same_lower``."""
    strides, pads, extra = _windows(x, kernel_sizes, pad_type, strides, pad, ceil_mode)
    padding = symmetric(pads)
    if padding is not None and not any(extra) and all(2 * p <= k for p, k in zip(padding, kernel_sizes, strict=True)):
        return _MAX[x.dim()](x, kernel_sizes, strides, padding)
    x = F.pad(x, flat(_longer(pads, extra)), value=-torch.inf)
    return _MAX[x.dim()](x, kernel_sizes, strides)


@mil_op("avg_pool")
def avg_pool_15(
    x: torch.Tensor,
    kernel_sizes: list[int],
    pad_type: str,
    strides: list[int] | None = None,
    pad: list[int] | None = None,
    ceil_mode: bool = False,
    exclude_padding_from_average: bool = False,
) -> torch.Tensor:
    """The mean of each window; no ``same_lower`` yet."""
    _check_lower(pad_type)
    return avg_pool(x, kernel_sizes, pad_type, strides, pad, ceil_mode, exclude_padding_from_average)


@mil_op("avg_pool", since="CoreML6")
def avg_pool(
    x: torch.Tensor,
    kernel_sizes: list[int],
    pad_type: str,
    strides: list[int] | None = None,
    pad: list[int] | None = None,
    ceil_mode: bool = False,
    exclude_padding_from_average: bool = False,
) -> torch.Tensor:
    """As before, with ``same_lower``."""
    strides, pads, extra = _windows(x, kernel_sizes, pad_type, strides, pad, ceil_mode)
    pool, include = _AVG[x.dim()], not exclude_padding_from_average
    padding = symmetric(pads)
    if padding is not None and not any(extra) and all(2 * p <= k for p, k in zip(padding, kernel_sizes, strict=True)):
        return pool(x, kernel_sizes, strides, padding, False, include)
    means = pool(F.pad(x, flat(_longer(pads, extra))), kernel_sizes, strides)
    counted = torch.ones((1, 1, *x.shape[2:]), dtype=x.dtype)
    counted = F.pad(counted, flat(pads), value=1.0 if include else 0.0)
    share = pool(F.pad(counted, flat([(0, more) for more in extra])), kernel_sizes, strides)
    return means / share


@mil_op("l2_pool")
def l2_pool_15(
    x: torch.Tensor,
    kernel_sizes: list[int],
    pad_type: str,
    strides: list[int] | None = None,
    pad: list[int] | None = None,
    ceil_mode: bool = False,
) -> torch.Tensor:
    """The root of the sum of squares of each window, over one or two axes; no ``same_lower`` yet."""
    _check_lower(pad_type)
    return l2_pool(x, kernel_sizes, pad_type, strides, pad, ceil_mode)


@mil_op("l2_pool", since="CoreML6")
def l2_pool(
    x: torch.Tensor,
    kernel_sizes: list[int],
    pad_type: str,
    strides: list[int] | None = None,
    pad: list[int] | None = None,
    ceil_mode: bool = False,
) -> torch.Tensor:
    """As before, with ``same_lower``."""
    if x.dim() > 4:
        raise ValueError(f"l2_pool takes one or two spatial axes, not {x.dim() - 2}")
    strides, pads, extra = _windows(x, kernel_sizes, pad_type, strides, pad, ceil_mode)
    squares = F.pad(x.square(), flat(_longer(pads, extra)))
    count = 1
    for size in kernel_sizes:
        count *= size
    return (_AVG[x.dim()](squares, kernel_sizes, strides) * count).sqrt()


def _windows(
    x: torch.Tensor,
    kernel: list[int],
    pad_type: str,
    strides: list[int] | None,
    pad: list[int] | None,
    ceil_mode: bool,
) -> tuple[list[int], Pads, list[int]]:
    """Strides, padding, and for each axis how much further than the padding the last window reaches (`ceil_mode`)."""
    if x.dim() not in _MAX:
        raise ValueError(f"a pool takes one to three spatial axes, and the input has shape {list(x.shape)}")
    rank = x.dim() - 2
    strides = per_axis("strides", strides, rank)
    pads = pads_of(pad_type.lower(), pad, x.shape[2:], per_axis("kernel_sizes", kernel, rank), strides)
    if not ceil_mode:
        return strides, pads, [0] * rank
    if rank == 3 or pad_type.lower() == "same" or symmetric(pads) is None:
        raise ValueError("ceil_mode needs one or two axes, and padding that is the same on both sides")
    each = zip(x.shape[2:], kernel, strides, pads, strict=True)
    return strides, pads, [_beyond(size, k, stride, p[0]) for size, k, stride, p in each]


def _beyond(size: int, kernel: int, stride: int, pad: int) -> int:
    windows = -(-(size + 2 * pad - kernel) // stride) + 1
    if pad > 0 and (windows - 1) * stride >= size + pad:
        windows -= 1
    if (windows - 1) * stride >= size + 2 * pad:
        raise ValueError("the last window of ceil_mode lies outside of the input, and nothing says what is in it")
    return max(0, (windows - 1) * stride + kernel - size - 2 * pad)


def _longer(pads: Pads, extra: list[int]) -> Pads:
    return [(before, after + more) for (before, after), more in zip(pads, extra, strict=True)]


def _check_lower(pad_type: str) -> None:
    if pad_type.lower() == "same_lower":
        raise ValueError("pad_type same_lower comes with iOS 16")
