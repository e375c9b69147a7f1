"""Elements moved in blocks between the axes of tensors that are [batch, channel, height, width]."""

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it

from portproof.runtimes.coreml.registry import mil_op


def _check(x: torch.Tensor, *blocks: int) -> None:
    if x.dim() != 4 or any(block < 1 for block in blocks):
        raise ValueError(f"a tensor of rank 4 and blocks of at least 1 are needed, not rank {x.dim()} and {blocks}")


@mil_op("depth_to_space", exact=True)
def depth_to_space(x: torch.Tensor, block_size: int) -> torch.Tensor:
    """Blocks of the image from the channels, the place in the block being the slower half of a channel's number."""
    _check(x, block_size)
    batch, channels, height, width = x.shape
    split = x.reshape(batch, block_size, block_size, channels // block_size**2, height, width)
    return split.permute(0, 3, 4, 1, 5, 2).reshape(batch, -1, height * block_size, width * block_size)


@mil_op("space_to_depth", exact=True)
def space_to_depth(x: torch.Tensor, block_size: int) -> torch.Tensor:
    """The inverse of `depth_to_space`."""
    _check(x, block_size)
    batch, channels, height, width = x.shape
    split = x.reshape(batch, channels, height // block_size, block_size, width // block_size, block_size)
    return split.permute(0, 3, 5, 1, 2, 4).reshape(batch, -1, height // block_size, width // block_size)


@mil_op("pixel_shuffle", exact=True)
def pixel_shuffle(x: torch.Tensor, upscale_factor: int) -> torch.Tensor:
    """torch's: the place in the block is the faster half of a channel's number."""
    _check(x, upscale_factor)
    return F.pixel_shuffle(x, upscale_factor)


@mil_op("pixel_unshuffle", since="CoreML6", exact=True)
def pixel_unshuffle(x: torch.Tensor, downscale_factor: int) -> torch.Tensor:
    """The inverse of `pixel_shuffle`."""
    _check(x, downscale_factor)
    return F.pixel_unshuffle(x, downscale_factor)


@mil_op("space_to_batch", exact=True)
def space_to_batch(x: torch.Tensor, block_shape: list[int], paddings: torch.Tensor) -> torch.Tensor:
    """Zeros around the image, then each place in its blocks as an image of its own; the batch is the faster index."""
    (rows, columns), ((top, bottom), (left, right)) = _spatial(x, block_shape, paddings)
    x = F.pad(x, (left, right, top, bottom))
    batch, channels, height, width = x.shape
    split = x.reshape(batch, channels, height // rows, rows, width // columns, columns)
    return split.permute(3, 5, 0, 1, 2, 4).reshape(-1, channels, height // rows, width // columns)


@mil_op("batch_to_space", exact=True)
def batch_to_space(x: torch.Tensor, block_shape: list[int], crops: torch.Tensor) -> torch.Tensor:
    """The inverse of `space_to_batch`, then a border cut off."""
    (rows, columns), ((top, bottom), (left, right)) = _spatial(x, block_shape, crops)
    batch, channels, height, width = x.shape
    split = x.reshape(rows, columns, batch // (rows * columns), channels, height, width)
    joined = split.permute(2, 3, 4, 0, 5, 1).reshape(-1, channels, height * rows, width * columns)
    return joined.narrow(2, top, height * rows - top - bottom).narrow(3, left, width * columns - left - right)


def _spatial(x: torch.Tensor, block: list[int], border: torch.Tensor) -> tuple[list[int], list[list[int]]]:
    _check(x, *block)
    if len(block) != 2 or border.shape != (2, 2) or bool((border < 0).any()):
        raise ValueError("two block sizes and a border of shape [2, 2] are needed, none of it negative")
    return block, border.tolist()
