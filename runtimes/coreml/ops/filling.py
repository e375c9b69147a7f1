"""Tensors made from sizes and single values."""

import math

import torch

from portproof.runtimes.coreml.context import Context
from portproof.runtimes.coreml.registry import mil_op


@mil_op("fill", exact=True)
def fill(shape: list[int], context: Context, value: torch.Tensor | None = None) -> torch.Tensor:
    """`value` (0.0) everywhere."""
    context.check_size(shape)
    return torch.zeros(shape) if value is None else torch.full(shape, value.item(), dtype=value.dtype)


@mil_op("fill_like", since="CoreML6", exact=True)
def fill_like(ref_tensor: torch.Tensor, value: torch.Tensor | None = None) -> torch.Tensor:
    """`value` (0.0) in the shape of `ref_tensor`; the type is the value's."""
    shape = ref_tensor.shape
    return torch.zeros(shape) if value is None else torch.full(shape, value.item(), dtype=value.dtype)


@mil_op("shape", exact=True)
def shape(x: torch.Tensor) -> torch.Tensor:
    """The sizes of x, int32."""
    return torch.tensor(x.shape, dtype=torch.int32)


@mil_op("range_1d")
def range_1d(start: torch.Tensor, end: torch.Tensor, step: torch.Tensor, context: Context) -> torch.Tensor:
    """From `start` to before `end`."""
    first, last, by = start.item(), end.item(), step.item()
    if by == 0 or not all(math.isfinite(number) for number in (first, last, by)):
        raise ValueError(f"no range goes from {first} to {last} by {by}")
    count = max(0, math.ceil((last - first) / by))
    context.check_size([count])
    wide = torch.float64 if start.dtype.is_floating_point else torch.int64
    return (first + by * torch.arange(count, dtype=wide)).to(start.dtype)


@mil_op("one_hot", exact=True)
def one_hot(
    indices: torch.Tensor,
    one_hot_vector_size: int,
    context: Context,
    axis: int = -1,
    on_value: torch.Tensor | None = None,
    off_value: torch.Tensor | None = None,
) -> torch.Tensor:
    """A new axis with `on_value` (1) at the index and `off_value` (0) elsewhere; all off for an index outside."""
    context.check_size([one_hot_vector_size, *indices.shape])
    rank = indices.dim() + 1
    if not -rank <= axis < rank:
        raise ValueError(f"axis {axis} does not fit a tensor of rank {rank}")
    places = torch.arange(one_hot_vector_size).reshape([-1] + [1] * (rank - 1 - axis % rank))
    on = torch.ones((), dtype=torch.int32) if on_value is None else on_value.reshape(())
    off = torch.zeros((), dtype=torch.int32) if off_value is None else off_value.reshape(())
    return torch.where(indices.unsqueeze(axis) == places, on, off)


@mil_op("band_part", exact=True)
def band_part(x: torch.Tensor, lower: int = -1, upper: int = -1) -> torch.Tensor:
    """Each matrix with zeros beyond `lower` diagonals below the main one and `upper` above; -1 keeps all."""
    if x.dim() < 2:
        raise ValueError(f"matrices are needed, not a tensor of rank {x.dim()}")
    rows, columns = torch.arange(x.shape[-2])[:, None], torch.arange(x.shape[-1])
    kept = torch.ones(x.shape[-2:], dtype=torch.bool)
    if lower >= 0:
        kept &= rows - columns <= lower
    if upper >= 0:
        kept &= columns - rows <= upper
    return torch.where(kept, x, torch.zeros((), dtype=x.dtype))
