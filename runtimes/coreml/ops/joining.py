"""Tensors put together and taken apart: concat, stack, split, tile."""

from typing import Any

import torch

from portproof.runtimes.coreml.context import Context
from portproof.runtimes.coreml.registry import mil_op


@mil_op("identity", exact=True)
def identity(x: Any) -> Any:
    """The same value."""
    return x


@mil_op("concat", exact=True)
def concat(values: list[torch.Tensor], axis: int, interleave: bool = False) -> torch.Tensor:
    """One after the other along `axis`, or element by element in turn; scalars become a vector."""
    _check_alike(values)
    if values[0].dim() == 0:
        return torch.stack(values)
    if not interleave:
        return torch.cat(values, axis)
    axis %= values[0].dim()
    return torch.stack(values, axis + 1).flatten(axis, axis + 1)


@mil_op("stack", exact=True)
def stack(values: list[torch.Tensor], axis: int) -> torch.Tensor:
    """Along a new axis."""
    _check_alike(values)
    return torch.stack(values, axis)


def _check_alike(values: list[torch.Tensor]) -> None:
    if not values:
        raise ValueError("there is nothing to join")
    if len({(value.dim(), value.dtype) for value in values}) > 1:
        kinds = ", ".join(f"{value.dtype} {list(value.shape)}" for value in values)
        raise ValueError(f"tensors of one type and rank are needed, not {kinds}")


@mil_op("split", exact=True)
def split(
    x: torch.Tensor, axis: int, num_splits: int | None = None, split_sizes: list[int] | None = None
) -> tuple[torch.Tensor, ...]:
    """Parts along `axis`: of `split_sizes`, which fill it, else `num_splits` equal ones."""
    size = x.shape[axis]
    if split_sizes is None:
        if num_splits is None:
            raise ValueError("neither num_splits nor split_sizes is given")
        if num_splits < 1 or size % num_splits:
            raise ValueError(f"{size} elements cannot be split into {num_splits} equal parts")
        split_sizes = [size // num_splits] * num_splits
    elif num_splits not in (None, len(split_sizes)):
        raise ValueError(f"num_splits is {num_splits}, and there are {len(split_sizes)} sizes")
    return torch.split(x, split_sizes, axis)


@mil_op("tile", exact=True)
def tile(x: torch.Tensor, reps: list[int], context: Context) -> torch.Tensor:
    """Repeated `reps[i]` times along axis i; not once where that is 0, as a count made when running may be."""
    if len(reps) != x.dim():
        raise ValueError(f"{len(reps)} repetitions for a tensor of rank {x.dim()}")
    if any(count < 0 for count in reps):
        raise ValueError(f"repetitions cannot be negative: {reps}")
    context.check_size([count * size for count, size in zip(reps, x.shape, strict=True)])
    return x.repeat(reps)
