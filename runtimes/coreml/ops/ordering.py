"""Order and position: argsort, topk, non_zero, cumsum."""

import torch

from portproof.runtimes.coreml.registry import mil_op


@mil_op("argsort", exact=True)
def argsort(x: torch.Tensor, axis: int = -1, ascending: bool = False) -> torch.Tensor:
    """Where the sorted values are; of equal ones the first comes first."""
    return torch.argsort(x, dim=axis, descending=not ascending, stable=True)


@mil_op("topk", exact=True)
def topk(x: torch.Tensor, k: int = 1, axis: int = -1, ascending: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
    """The k largest (`ascending`: least) values, sorted, and where they are; of equal ones the first comes first."""
    if not 0 <= k <= x.shape[axis]:
        raise ValueError(f"{k} of {x.shape[axis]} elements are asked for")
    values, places = torch.sort(x, dim=axis, descending=not ascending, stable=True)
    return values.narrow(axis, 0, k), places.narrow(axis, 0, k)


@mil_op("topk", since="CoreML6", exact=True)
def topk_16(
    x: torch.Tensor,
    k: int = 1,
    axis: int = -1,
    ascending: bool = False,
    sort: bool = True,
    return_indices: bool = True,
) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
    """As before; the indices may be left out. Unsorted results have no order that is promised, so they are sorted."""
    del sort
    found = topk(x, k, axis, ascending)
    return found if return_indices else found[0]


@mil_op("topk", since="CoreML7", exact=True)
def topk_17(
    x: torch.Tensor,
    k: int = 1,
    axis: int = -1,
    ascending: bool = False,
    sort: bool = True,
    return_indices: bool = True,
    output_indices_dtype: str | None = None,
) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
    """As before; -1 is all elements. The type of the indices is that of the declared output."""
    if output_indices_dtype not in (None, "int32", "uint16"):
        raise ValueError(f"indices of type {output_indices_dtype!r}: int32 and uint16 are known")
    return topk_16(x, x.shape[axis] if k == -1 else k, axis, ascending, sort, return_indices)


@mil_op("non_zero", exact=True)
def non_zero(x: torch.Tensor) -> torch.Tensor:
    """The index of every element that is not 0, one a row: [count, rank]."""
    return torch.nonzero(x)


@mil_op("cumsum")
def cumsum(x: torch.Tensor, axis: int = 0, exclusive: bool = False, reverse: bool = False) -> torch.Tensor:
    """Sums of the elements up to each one; `exclusive` without itself, `reverse` from the other end."""
    if reverse:
        x = x.flip(axis)
    sums = x.cumsum(axis)
    if exclusive:
        first = torch.zeros_like(sums.narrow(axis, 0, min(1, x.shape[axis])))
        sums = torch.cat([first, sums.narrow(axis, 0, max(0, x.shape[axis] - 1))], axis)
    return sums.flip(axis) if reverse else sums
