"""Images sampled at coordinates: given one by one, or by an affine transform."""

from dataclasses import replace

import torch

from portproof.runtimes.coreml.context import Context
from portproof.runtimes.coreml.registry import mil_op
from portproof.runtimes.coreml.sampling import Places, bilinear_at, pixels


@mil_op("resample")
def resample(
    x: torch.Tensor,
    coordinates: torch.Tensor,
    sampling_mode: str,
    padding_mode: str,
    padding_value: float,
    coordinates_mode: str,
    align_corners: bool,
) -> torch.Tensor:
    """`x` [B, C, H, W] at `coordinates` [B, h, w, 2], each (column, row), gives [B, C, h, w].

    ``nearest`` takes halves to the even neighbour, as coremltools' tests expect.
    """
    if x.dim() != 4 or coordinates.dim() != 4 or coordinates.shape[3] != 2 or coordinates.shape[0] != x.shape[0]:
        raise ValueError(f"coordinates of shape {list(coordinates.shape)} for images of shape {list(x.shape)}")
    given = coordinates.to(torch.float32).flatten(1, 2)
    column, row = (
        _padded(_pixel(given[..., axis], size, coordinates_mode, align_corners), size, padding_mode)
        for axis, size in ((0, x.shape[3]), (1, x.shape[2]))
    )
    outside = padding_value if padding_mode == "constant" else None
    at = Places(images=torch.arange(x.shape[0]), rows=row, columns=column, outside=outside)
    if sampling_mode == "bilinear":
        values = bilinear_at(x, at)
    elif sampling_mode == "nearest":
        values = pixels(x, replace(at, rows=row.round(), columns=column.round()))
    else:
        raise ValueError(f"resample has no sampling_mode {sampling_mode!r}")
    return values.reshape(*x.shape[:2], *coordinates.shape[1:3])


@mil_op("affine")
def affine(
    x: torch.Tensor,
    transform_matrix: torch.Tensor,
    output_height: int,
    output_width: int,
    sampling_mode: str,
    padding_mode: str,
    padding_value: float,
    coordinates_mode: str,
    align_corners: bool,
    context: Context,
) -> torch.Tensor:
    """`x` [B, C, H, W] at (a0 x + a1 y + a2, b0 x + b1 y + b2) of each output pixel (x, y), both from -1 to 1.

    `transform_matrix` [B or 1, 6] holds a0, a1, a2, b0, b1, b2.
    """
    modes = (sampling_mode.lower(), padding_mode.lower(), coordinates_mode.lower())
    if modes != ("bilinear", "constant", "normalized_minus_one_to_one") or padding_value != 0 or not align_corners:
        raise ValueError(f"affine exists for bilinear samples, zeros outside and aligned corners only, not for {modes}")
    if (
        transform_matrix.dim() != 2
        or transform_matrix.shape[1] != 6
        or transform_matrix.shape[0] not in (1, *x.shape[:1])
    ):
        raise ValueError(f"a transform of shape {list(transform_matrix.shape)} for images of shape {list(x.shape)}")
    context.check_size([*x.shape[:2], output_height, output_width])
    y, across = torch.meshgrid(_span(output_height), _span(output_width), indexing="ij")
    points = torch.stack([across, y, torch.ones_like(y)], -1)
    mapped = torch.einsum("hwk,bck->bhwc", points, transform_matrix.reshape(-1, 2, 3))
    mapped = mapped.expand(x.shape[0], -1, -1, -1)
    return resample(x, mapped, "bilinear", "constant", 0.0, "normalized_minus_one_to_one", True)


def _span(count: int) -> torch.Tensor:
    """From -1 to 1; a single one lies in the middle, as in torch."""
    return torch.linspace(-1, 1, count) if count > 1 else torch.zeros(count)


def _pixel(value: torch.Tensor, size: int, mode: str, align_corners: bool) -> torch.Tensor:
    """In pixels, 0 for the middle of the first one."""
    if mode == "unnormalized":
        return value
    if mode == "normalized_minus_one_to_one":
        value = (value + 1) / 2
    elif mode != "normalized_zero_to_one":
        raise ValueError(f"resample has no coordinates_mode {mode!r}")
    return value * (size - 1) if align_corners else value * size - 0.5


def _padded(value: torch.Tensor, size: int, mode: str) -> torch.Tensor:
    """Moved into the image, where the padding repeats it."""
    if mode == "constant":
        return value
    if mode == "reflection":
        value = _reflected(value, 0.0, float(size - 1))
    elif mode == "symmetric":
        value = _reflected(value, -0.5, float(size))
    elif mode != "border":
        raise ValueError(f"resample has no padding_mode {mode!r}")
    return value.clamp(0, size - 1)


def _reflected(value: torch.Tensor, low: float, length: float) -> torch.Tensor:
    """Mirrored at `low` and at `low + length` until it lies between."""
    if length == 0:
        return torch.full_like(value, low)
    folded = (value - low).abs() % (2 * length)
    return low + torch.minimum(folded, 2 * length - folded)
