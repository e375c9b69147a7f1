"""Where a resized axis is sampled, and how values between its elements are made.

The grids are those in the documentation of `resize_bilinear`; positions count elements from 0.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

SAMPLING_MODES = ("STRICT_ALIGN_CORNERS", "ALIGN_CORNERS", "DEFAULT", "OFFSET_CORNERS", "UNALIGN_CORNERS")


def positions(mode: str, extent: torch.Tensor, count: int) -> torch.Tensor:
    """Sampling positions, held within the axis.

    Args:
        mode: one of `SAMPLING_MODES`.
        extent: elements of the sampled axis, float64 [...]; fractions occur where it is a side of a box.
        count: of positions.

    Returns:
        float64 [..., count], within [0, extent - 1].

    Raises:
        ValueError: an unknown mode.
    """
    extent = extent.unsqueeze(-1)
    steps = torch.arange(count, dtype=torch.float64)
    if mode in ("STRICT_ALIGN_CORNERS", "ALIGN_CORNERS"):
        centred = mode == "ALIGN_CORNERS" and count == 1
        grid = (extent - 1) / 2 + steps if centred else steps * (extent - 1) / max(1, count - 1)
    elif mode == "DEFAULT":
        grid = steps * extent / count
    elif mode == "OFFSET_CORNERS":
        grid = (steps + 0.5) * (extent - 1).clamp(min=1.0) / count
    elif mode == "UNALIGN_CORNERS":
        grid = (steps + 0.5) * extent / count - 0.5
    else:
        raise ValueError(f"there is no sampling_mode {mode!r}")
    return torch.minimum(grid.clamp(min=0.0), (extent - 1).clamp(min=0.0))


@functools.lru_cache(maxsize=256)
def axis_positions(mode: str, size: int, count: int) -> torch.Tensor:
    """`positions` of a whole axis of `size` elements, float64 [count]."""
    return positions(mode, torch.tensor(float(size), dtype=torch.float64), count)


@functools.lru_cache(maxsize=256)
def nearest_half_pixel(size: int, count: int) -> torch.Tensor:
    """The element over whose middle each of `count` equal parts has its own, int64 [count]."""
    steps = torch.arange(count, dtype=torch.int64)
    return torch.div((2 * steps + 1) * size, 2 * count, rounding_mode="floor")


@functools.lru_cache(maxsize=256)
def nearest_floor(size: int, count: int) -> torch.Tensor:
    """floor(i * size / count), int64 [count]."""
    return torch.div(torch.arange(count, dtype=torch.int64) * size, count, rounding_mode="floor")


def linear(x: torch.Tensor, axis: int, grid: torch.Tensor) -> torch.Tensor:
    """`x` at positions along an axis, linear between its elements; `grid` lies within the axis."""
    low = grid.floor()
    share = (grid - low).to(x.dtype).reshape(-1, *[1] * (x.dim() - 1 - axis % x.dim()))
    first = low.to(torch.int64)
    second = (first + 1).clamp(max=x.shape[axis] - 1)
    return torch.lerp(x.index_select(axis, first), x.index_select(axis, second), share)


@dataclass(frozen=True, kw_only=True, eq=False)
class Places:
    """Places in images, whose positions may be fractions.

    Attributes:
        images: which image each row of places is in, int64 [N].
        rows: [N, P].
        columns: [N, P].
        outside: value of pixels that do not exist; None: the nearest pixel stands for them.
    """

    images: torch.Tensor
    rows: torch.Tensor
    columns: torch.Tensor
    outside: float | None


def bilinear_at(x: torch.Tensor, at: Places) -> torch.Tensor:
    """Images `x` [B, C, H, W], bilinear between their pixels: [N, C, P]."""
    top, left = at.rows.floor(), at.columns.floor()
    down, right = (at.rows - top).unsqueeze(1).to(x.dtype), (at.columns - left).unsqueeze(1).to(x.dtype)
    corners = [pixels(x, replace(at, rows=top + below, columns=left + beside)) for below in (0, 1) for beside in (0, 1)]
    return torch.lerp(torch.lerp(corners[0], corners[1], right), torch.lerp(corners[2], corners[3], right), down)


def pixels(x: torch.Tensor, at: Places) -> torch.Tensor:
    """The pixels of images `x` [B, C, H, W] at whole-numbered places: [N, C, P]."""
    height, width = x.shape[2:]
    row = at.rows.nan_to_num().clamp(0, height - 1).to(torch.int64)
    column = at.columns.nan_to_num().clamp(0, width - 1).to(torch.int64)
    index = (at.images.unsqueeze(1) * height + row) * width + column
    values = x.transpose(0, 1).flatten(1)[:, index].transpose(0, 1)
    if at.outside is None:
        return values
    inside = (at.rows >= 0) & (at.rows < height) & (at.columns >= 0) & (at.columns < width)
    return torch.where(inside.unsqueeze(1), values, at.outside)


def scaled_size(size: int, factor: float) -> int:
    """floor(size * factor) in float32, as the size was declared."""
    return int(torch.floor(torch.tensor(factor, dtype=torch.float32) * size))


def check_rank(x: torch.Tensor, least: int) -> None:
    """Raises `ValueError` for a tensor of fewer axes."""
    if x.dim() < least:
        raise ValueError(f"at least {least} axes are needed, and the input has shape {list(x.shape)}")


def with_sizes(shape: Sequence[int], sizes: Sequence[int]) -> list[int]:
    """A shape whose last sizes are others."""
    return [*shape[: len(shape) - len(sizes)], *sizes]
