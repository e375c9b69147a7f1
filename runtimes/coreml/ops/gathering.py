"""gather, gather_along_axis, gather_nd.

Up to iOS 16 an index may count from the end. From iOS 17 on it may not, and what an index outside gives is undefined:
here it is an error whether `validate_indices` asks for one or not, since no number would be right.
"""

import math

import torch

from portproof.runtimes.coreml.registry import mil_op


def from_front(indices: torch.Tensor, sizes: torch.Tensor | int) -> torch.Tensor:
    """Indices of iOS 15 and 16, int64: those that count from the end are turned round.

    Raises:
        IndexError: an index is less than minus its size, or not less than it.
    """
    indices = _checked(indices, -sizes, sizes)
    return torch.where(indices < 0, indices + sizes, indices)


def in_range(indices: torch.Tensor, sizes: torch.Tensor | int) -> torch.Tensor:
    """Indices of iOS 17 on, int64.

    Raises:
        IndexError: an index is negative, or not less than its size.
    """
    return _checked(indices, 0, sizes)


def _checked(indices: torch.Tensor, low: torch.Tensor | int, sizes: torch.Tensor | int) -> torch.Tensor:
    indices = indices.long()
    outside = (indices < low) | (indices >= sizes)
    if bool(outside.any()):
        raise IndexError(f"index {int(indices[outside][0])} is out of range; what it would give is not defined")
    return indices


def pick(x: torch.Tensor, indices: torch.Tensor, axis: int, batch_dims: int = 0) -> torch.Tensor:
    """Slices of x along `axis`; the leading `batch_dims` axes of x and the indices go together.

    The shape is ``x.shape[:axis] + indices.shape[batch_dims:] + x.shape[axis + 1:]``.
    """
    shape = x.shape[:axis] + indices.shape[batch_dims:] + x.shape[axis + 1 :]
    if batch_dims == 0:
        return x.index_select(axis, indices.reshape(-1)).reshape(shape)
    if not 0 < batch_dims <= min(axis, indices.dim()) or x.shape[:batch_dims] != indices.shape[:batch_dims]:
        raise ValueError(f"{batch_dims} batch axes do not fit {list(x.shape)}, {list(indices.shape)} and axis {axis}")
    batch = math.prod(x.shape[:batch_dims])
    flat = x.reshape(batch, math.prod(x.shape[batch_dims:axis]), x.shape[axis], math.prod(x.shape[axis + 1 :]))
    places = indices.reshape(batch, 1, math.prod(indices.shape[batch_dims:]), 1)
    return torch.gather(flat, 2, places.expand(-1, flat.shape[1], -1, flat.shape[3])).reshape(shape)


def pick_along(x: torch.Tensor, indices: torch.Tensor, axis: int) -> torch.Tensor:
    """The element of x at each index along `axis`; in the shape of the indices."""
    sizes = [list(tensor.shape) for tensor in (x, indices)]
    if x.dim() != indices.dim() or any(a != b for i, (a, b) in enumerate(zip(*sizes, strict=True)) if i != axis):
        raise ValueError(f"shapes {sizes[0]} and {sizes[1]} may differ along axis {axis} only")
    return torch.gather(x, axis, indices)


def pick_nd(x: torch.Tensor, indices: torch.Tensor, batch_dims: int = 0) -> torch.Tensor:
    """Slices of x at the index vectors in the last axis of `indices`, behind `batch_dims` axes that go together."""
    depth = indices.shape[-1]
    indexed, batch = x.shape[batch_dims : batch_dims + depth], x.shape[:batch_dims]
    if len(indexed) < depth or indices.shape[:batch_dims] != batch or indices.dim() <= batch_dims:
        raise ValueError(f"indices {list(indices.shape)} and {batch_dims} batch axes do not fit {list(x.shape)}")
    steps = torch.tensor([math.prod(indexed[place + 1 :]) for place in range(depth)], dtype=torch.int64)
    places = (indices * steps).sum(-1)
    return pick(x.reshape(*batch, math.prod(indexed), *x.shape[batch_dims + depth :]), places, batch_dims, batch_dims)


def nd_sizes(x: torch.Tensor, indices: torch.Tensor, batch_dims: int = 0) -> torch.Tensor:
    """The sizes that the index vectors in the last axis of `indices` must stay below."""
    return torch.tensor(x.shape[batch_dims : batch_dims + indices.shape[-1]], dtype=torch.int64)


def axis_from_front(axis: int, rank: int) -> int:
    """An axis counted from the front; ValueError when there is none."""
    if not -rank <= axis < rank:
        raise ValueError(f"axis {axis} does not fit a tensor of rank {rank}")
    return axis % rank


@mil_op("gather", exact=True)
def gather(x: torch.Tensor, indices: torch.Tensor, axis: int = 0) -> torch.Tensor:
    """Slices of x along `axis`."""
    return gather_16(x, indices, axis)


@mil_op("gather", since="CoreML6", exact=True)
def gather_16(x: torch.Tensor, indices: torch.Tensor, axis: int = 0, batch_dims: int = 0) -> torch.Tensor:
    """As before, with leading axes that go together."""
    axis = axis_from_front(axis, x.dim())
    return pick(x, from_front(indices, x.shape[axis]), axis, batch_dims)


@mil_op("gather", since="CoreML7", exact=True)
def gather_17(
    x: torch.Tensor, indices: torch.Tensor, axis: int = 0, batch_dims: int = 0, validate_indices: bool = False
) -> torch.Tensor:
    """As before, with indices that count from the front."""
    del validate_indices
    axis = axis_from_front(axis, x.dim())
    return pick(x, in_range(indices, x.shape[axis]), axis, batch_dims)


@mil_op("gather_along_axis", exact=True)
def gather_along_axis(x: torch.Tensor, indices: torch.Tensor, axis: int = 0) -> torch.Tensor:
    """The element of x at each index along `axis`."""
    axis = axis_from_front(axis, x.dim())
    return pick_along(x, from_front(indices, x.shape[axis]), axis)


@mil_op("gather_along_axis", since="CoreML7", exact=True)
def gather_along_axis_17(
    x: torch.Tensor, indices: torch.Tensor, axis: int = 0, validate_indices: bool = False
) -> torch.Tensor:
    """As before, with indices that count from the front."""
    del validate_indices
    axis = axis_from_front(axis, x.dim())
    return pick_along(x, in_range(indices, x.shape[axis]), axis)


@mil_op("gather_nd", exact=True)
def gather_nd(x: torch.Tensor, indices: torch.Tensor) -> torch.Tensor:
    """Slices of x at the index vectors in the last axis of `indices`."""
    return gather_nd_16(x, indices)


@mil_op("gather_nd", since="CoreML6", exact=True)
def gather_nd_16(x: torch.Tensor, indices: torch.Tensor, batch_dims: int = 0) -> torch.Tensor:
    """As before, with leading axes that go together."""
    return pick_nd(x, from_front(indices, nd_sizes(x, indices, batch_dims)), batch_dims)


@mil_op("gather_nd", since="CoreML7", exact=True)
def gather_nd_17(
    x: torch.Tensor, indices: torch.Tensor, batch_dims: int = 0, validate_indices: bool = False
) -> torch.Tensor:
    """As before, with indices that count from the front."""
    del validate_indices
    return pick_nd(x, in_range(indices, nd_sizes(x, indices, batch_dims)), batch_dims)
