"""Boxes of images, resized bilinearly; what lies outside of an image is padding."""

import torch

from portproof.runtimes.coreml.context import Context
from portproof.runtimes.coreml.registry import mil_op
from portproof.runtimes.coreml.sampling import Places, bilinear_at, positions


@mil_op("crop_resize")
def crop_resize_15(
    x: torch.Tensor,
    roi: torch.Tensor,
    context: Context,
    target_height: int = 1,
    target_width: int = 1,
    normalized_coordinates: bool = False,
    spatial_scale: float = 1.0,
    box_coordinate_mode: str = "CORNERS_HEIGHT_FIRST",
    sampling_mode: str = "DEFAULT",
) -> torch.Tensor:
    """`x` [B, C, H, W] and `roi` [N, 1, 4, 1, 1] give [N, B, C, h, w]: every box of every image.

    With `roi` [N, 1, 5, 1, 1], whose first number is an image's, [N, 1, C, h, w]. Padded with zeros.
    """
    return crop_resize_16(
        x,
        roi,
        context,
        target_height,
        target_width,
        normalized_coordinates,
        spatial_scale,
        box_coordinate_mode,
        sampling_mode,
    )


@mil_op("crop_resize", since="CoreML6")
def crop_resize_16(
    x: torch.Tensor,
    roi: torch.Tensor,
    context: Context,
    target_height: int = 1,
    target_width: int = 1,
    normalized_coordinates: bool = False,
    spatial_scale: float = 1.0,
    box_coordinate_mode: str = "CORNERS_HEIGHT_FIRST",
    sampling_mode: str = "DEFAULT",
    pad_value: float = 0.0,
) -> torch.Tensor:
    """As before, padded with `pad_value`."""
    if roi.dim() != 5 or tuple(roi.shape[1:]) not in ((1, 4, 1, 1), (1, 5, 1, 1)):
        raise ValueError(f"boxes of shape {list(roi.shape)}: [N, 1, 4, 1, 1] or [N, 1, 5, 1, 1] are known")
    rows = roi.reshape(roi.shape[0], -1).to(torch.float64)
    options = (normalized_coordinates, spatial_scale, box_coordinate_mode, sampling_mode, pad_value)
    if rows.shape[1] == 5:
        crops = _crops(x, rows[:, 1:], rows[:, 0].to(torch.int64), (target_height, target_width), options, context)
        return crops.unsqueeze(1)
    images = torch.arange(x.shape[0]).repeat(rows.shape[0])
    boxes = rows.repeat_interleave(x.shape[0], 0)
    crops = _crops(x, boxes, images, (target_height, target_width), options, context)
    return crops.reshape(rows.shape[0], *x.shape[:2], target_height, target_width)


@mil_op("crop_resize", since="CoreML7")
def crop_resize(
    x: torch.Tensor,
    boxes: torch.Tensor,
    context: Context,
    box_indices: torch.Tensor | None = None,
    target_height: int = 1,
    target_width: int = 1,
    normalized_coordinates: bool = False,
    spatial_scale: float = 1.0,
    box_coordinate_mode: str = "CORNERS_HEIGHT_FIRST",
    sampling_mode: str = "DEFAULT",
    pad_value: float = 0.0,
) -> torch.Tensor:
    """`x` [B, C, H, W] and `boxes` [N, 4] give [N, C, h, w]; `box_indices` [N] says of which image each box is."""
    if boxes.dim() != 2 or boxes.shape[1] != 4:
        raise ValueError(f"boxes of shape {list(boxes.shape)}: [N, 4] is known")
    if normalized_coordinates and not boxes.dtype.is_floating_point:
        raise ValueError("normalised boxes are floats")
    images = torch.arange(boxes.shape[0]) if box_indices is None else box_indices.to(torch.int64)
    options = (normalized_coordinates, spatial_scale, box_coordinate_mode, sampling_mode, pad_value)
    return _crops(x, boxes.to(torch.float64), images, (target_height, target_width), options, context)


def _crops(
    x: torch.Tensor,
    boxes: torch.Tensor,
    images: torch.Tensor,
    target: tuple[int, int],
    options: tuple[bool, float, str, str, float],
    context: Context,
) -> torch.Tensor:
    if x.dim() != 4 or images.shape != boxes.shape[:1]:
        raise ValueError(f"{list(boxes.shape)} boxes and {list(images.shape)} numbers of images, of {list(x.shape)}")
    if images.numel() and not 0 <= int(images.min()) <= int(images.max()) < x.shape[0]:
        raise ValueError(f"a box is of an image that does not exist: there are {x.shape[0]}")
    normalized, scale, box_mode, sampling_mode, outside = options
    context.check_size([boxes.shape[0], x.shape[1], *target])
    height, width = x.shape[2:]
    lengths = (height - 1, width - 1) if normalized else (1, 1)
    rows, columns = (
        _grid(sides * scale * length, sampling_mode, count)
        for sides, length, count in zip(_sides(boxes, box_mode), lengths, target, strict=True)
    )
    places = [boxes.shape[0], *target]
    row, column = rows.unsqueeze(2).expand(places), columns.unsqueeze(1).expand(places)
    at = Places(images=images, rows=row.flatten(1), columns=column.flatten(1), outside=None)
    beyond = (row < 0) | (row > height - 1) | (column < 0) | (column > width - 1)
    return torch.where(beyond.unsqueeze(1), outside, bilinear_at(x, at).reshape(-1, x.shape[1], *target))


def _sides(boxes: torch.Tensor, mode: str) -> tuple[torch.Tensor, torch.Tensor]:
    """First and last row, first and last column, each [N, 2]."""
    if mode == "CORNERS_HEIGHT_FIRST":
        return boxes[:, 0::2], boxes[:, 1::2]
    if mode == "CORNERS_WIDTH_FIRST":
        return boxes[:, 1::2], boxes[:, 0::2]
    half = boxes[:, 2:] / 2
    first, second = (
        torch.stack([boxes[:, axis] - half[:, axis], boxes[:, axis] + half[:, axis]], 1) for axis in (0, 1)
    )
    if mode == "CENTER_SIZE_HEIGHT_FIRST":
        return first, second
    if mode == "CENTER_SIZE_WIDTH_FIRST":
        return second, first
    raise ValueError(f"there is no box_coordinate_mode {mode!r}")


def _grid(sides: torch.Tensor, mode: str, count: int) -> torch.Tensor:
    """Positions [N, count] from the first to the last pixel of a side, which may run backwards."""
    length = sides[:, 1] - sides[:, 0]
    return sides[:, :1] + length.sign().unsqueeze(1) * positions(mode, length.abs() + 1, count)
