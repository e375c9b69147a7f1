"""Resizing of the last axes of a tensor, and cropping."""

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it

from portproof.runtimes.coreml import sampling
from portproof.runtimes.coreml.context import Context
from portproof.runtimes.coreml.registry import mil_op


@mil_op("upsample_nearest_neighbor", exact=True)
def upsample_nearest_neighbor(
    x: torch.Tensor, context: Context, scale_factor_height: float = 1.0, scale_factor_width: float = 1.0
) -> torch.Tensor:
    """Elements repeated: output i is element floor(i * size / output size)."""
    sizes = _upsampled(x, scale_factor_height, scale_factor_width, context)
    rows = sampling.nearest_floor(x.shape[-2], sizes[0])
    return x.index_select(-2, rows).index_select(-1, sampling.nearest_floor(x.shape[-1], sizes[1]))


@mil_op("resize_nearest_neighbor", exact=True)
def resize_nearest_neighbor(
    x: torch.Tensor, target_size_height: int, target_size_width: int, context: Context
) -> torch.Tensor:
    """The element that holds the middle of the output's: floor((i + 0.5) * size / output size).

    The documentation does not say which element is near; coremltools lowers TensorFlow's `half_pixel_centers` to it.
    """
    _check(x, [target_size_height, target_size_width], context)
    rows = sampling.nearest_half_pixel(x.shape[-2], target_size_height)
    return x.index_select(-2, rows).index_select(-1, sampling.nearest_half_pixel(x.shape[-1], target_size_width))


@mil_op("upsample_bilinear")
def upsample_bilinear_15(
    x: torch.Tensor,
    context: Context,
    scale_factor_height: float = 1.0,
    scale_factor_width: float = 1.0,
    align_corners: bool = True,
) -> torch.Tensor:
    """Bilinear; with `align_corners` the first and last elements stay, else the middles of pixels are aligned."""
    sizes = _upsampled(x, scale_factor_height, scale_factor_width, context)
    return _bilinear(x, sizes, "STRICT_ALIGN_CORNERS" if align_corners else "UNALIGN_CORNERS")


@mil_op("upsample_bilinear", since="CoreML6")
def upsample_bilinear(
    x: torch.Tensor,
    context: Context,
    scale_factor_height: float = 1.0,
    scale_factor_width: float = 1.0,
    align_corners: bool = True,
    half_pixel_centers: bool | None = None,
) -> torch.Tensor:
    """As before; without both options output i is taken at i * size / output size."""
    half = not align_corners if half_pixel_centers is None else half_pixel_centers
    if half and align_corners:
        raise ValueError("align_corners and half_pixel_centers exclude each other")
    sizes = _upsampled(x, scale_factor_height, scale_factor_width, context)
    return _bilinear(x, sizes, "STRICT_ALIGN_CORNERS" if align_corners else "UNALIGN_CORNERS" if half else "DEFAULT")


@mil_op("resize_bilinear")
def resize_bilinear(
    x: torch.Tensor,
    context: Context,
    target_size_height: int = 1,
    target_size_width: int = 1,
    sampling_mode: str = "DEFAULT",
) -> torch.Tensor:
    """Bilinear, at the positions that `sampling_mode` names."""
    sizes = [target_size_height, target_size_width]
    _check(x, sizes, context)
    return _bilinear(x, sizes, sampling_mode)


@mil_op("resize", since="CoreML7")
def resize(
    x: torch.Tensor,
    shape: list[int],
    resized_dims: int,
    context: Context,
    interpolation_mode: str = "LINEAR",
    sampling_mode: str = "DEFAULT",
) -> torch.Tensor:
    """The last `resized_dims` axes at the last sizes of `shape`, 0 for the size that is there.

    Which element is the nearest is not documented. ``DEFAULT`` is `resize_nearest_neighbor`'s, of which this is said to
    be a superset; the other modes take the element nearest to their position, halves upwards.
    """
    if not 0 <= resized_dims <= len(shape) <= x.dim():
        raise ValueError(f"{resized_dims} axes of shape {shape} do not fit a tensor of shape {list(x.shape)}")
    first = x.dim() - resized_dims
    sizes = [size or old for size, old in zip(shape[len(shape) - resized_dims :], x.shape[first:], strict=True)]
    _check(x, sizes, context)
    if interpolation_mode == "NEAREST_NEIGHBOR":
        for axis, size in enumerate(sizes, first):
            x = x.index_select(axis, _nearest(sampling_mode, x.shape[axis], size))
        return x
    if interpolation_mode != "LINEAR" or not x.dtype.is_floating_point:
        raise ValueError(f"interpolation_mode {interpolation_mode!r} of {x.dtype} is not known")
    return _linear(x, sizes, sampling_mode)


@mil_op("crop", exact=True)
def crop(x: torch.Tensor, crop_height: list[int], crop_width: list[int]) -> torch.Tensor:
    """Without so many rows at the top and bottom, and columns at the left and right."""
    sampling.check_rank(x, 3)
    if len(crop_height) != 2 or len(crop_width) != 2 or min(*crop_height, *crop_width) < 0:
        raise ValueError(f"a crop of {crop_height} rows and {crop_width} columns")
    if sum(crop_height) > x.shape[-2] or sum(crop_width) > x.shape[-1]:
        raise ValueError(f"{crop_height} rows and {crop_width} columns cannot be cut from {list(x.shape)}")
    (top, bottom), (left, right) = crop_height, crop_width
    return x[..., top : x.shape[-2] - bottom, left : x.shape[-1] - right]


def _upsampled(x: torch.Tensor, height: float, width: float, context: Context) -> list[int]:
    sampling.check_rank(x, 3)
    sizes = [sampling.scaled_size(x.shape[-2], height), sampling.scaled_size(x.shape[-1], width)]
    _check(x, sizes, context)
    return sizes


def _check(x: torch.Tensor, sizes: list[int], context: Context) -> None:
    sampling.check_rank(x, max(len(sizes), 1))
    if min(sizes, default=1) < 1 or min(x.shape[x.dim() - len(sizes) :], default=1) < 1:
        raise ValueError(f"axes of {list(x.shape)} cannot be resized to {sizes}")
    context.check_size(sampling.with_sizes(x.shape, sizes))


def _nearest(mode: str, size: int, count: int) -> torch.Tensor:
    if mode in ("DEFAULT", "UNALIGN_CORNERS"):
        return sampling.nearest_half_pixel(size, count)
    return (sampling.axis_positions(mode, size, count) + 0.5).floor().to(torch.int64).clamp(max=size - 1)


def _bilinear(x: torch.Tensor, sizes: list[int], mode: str) -> torch.Tensor:
    sampling.check_rank(x, 3)
    aligned = mode == "STRICT_ALIGN_CORNERS" or (mode == "ALIGN_CORNERS" and min(sizes) > 1)
    if x.dim() == 4 and (aligned or mode == "UNALIGN_CORNERS"):  # torch has these two, and is faster
        return F.interpolate(x, size=sizes, mode="bilinear", align_corners=aligned)
    return _linear(x, sizes, mode)


def _linear(x: torch.Tensor, sizes: list[int], mode: str) -> torch.Tensor:
    for axis, size in enumerate(sizes, x.dim() - len(sizes)):
        grid = sampling.axis_positions(mode, x.shape[axis], size)
        x = sampling.linear(x, axis, grid)
    return x
