"""scatter, scatter_along_axis, scatter_nd.

What a scatter writes is where the gather of the same name would read: gathering from a tensor that holds every
element's own position says so. The rules for indices are those of `gathering`.
"""

from collections.abc import Callable

import torch

from portproof.runtimes.coreml.ops.gathering import (
    axis_from_front,
    from_front,
    in_range,
    nd_sizes,
    pick,
    pick_along,
    pick_nd,
)
from portproof.runtimes.coreml.registry import mil_op


def _positions(data: torch.Tensor) -> torch.Tensor:
    return torch.arange(data.numel()).reshape(data.shape)


def _scattered(data: torch.Tensor, positions: torch.Tensor, updates: torch.Tensor, mode: str) -> torch.Tensor:
    """`data` with each update brought in at its position among the elements."""
    if positions.shape != updates.shape:
        raise ValueError(f"updates have the shape {list(updates.shape)}, and the places {list(positions.shape)}")
    if mode not in _MODES:
        raise ValueError(f"mode {mode!r} is none of {', '.join(_MODES)}")
    result = _MODES[mode](data.reshape(-1), positions.reshape(-1), updates.reshape(-1))
    return result.reshape(data.shape)


def _update(data: torch.Tensor, positions: torch.Tensor, updates: torch.Tensor) -> torch.Tensor:
    order = torch.arange(len(positions))
    last = torch.zeros(data.shape, dtype=torch.int64).scatter_reduce(0, positions, order, "amax", include_self=False)
    wins = last[positions] == order  # of several updates of one element
    return data.scatter(0, positions[wins], updates[wins])


def _div(data: torch.Tensor, positions: torch.Tensor, updates: torch.Tensor) -> torch.Tensor:
    if not data.dtype.is_floating_point:
        raise ValueError("mode 'div' on integers: how it rounds is not documented")
    return data / torch.ones_like(data).scatter_reduce(0, positions, updates, "prod")


_MODES: dict[str, Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "add": lambda data, positions, updates: data.scatter_add(0, positions, updates),
    "div": _div,
    "max": lambda data, positions, updates: data.scatter_reduce(0, positions, updates, "amax"),
    "min": lambda data, positions, updates: data.scatter_reduce(0, positions, updates, "amin"),
    "mul": lambda data, positions, updates: data.scatter_reduce(0, positions, updates, "prod"),
    "sub": lambda data, positions, updates: data.scatter_add(0, positions, -updates),
    "update": _update,
}


@mil_op("scatter")
def scatter(
    data: torch.Tensor, indices: torch.Tensor, updates: torch.Tensor, axis: int = 0, mode: str = "add"
) -> torch.Tensor:
    """Updates of whole slices along `axis`."""
    axis = axis_from_front(axis, data.dim())
    return _scattered(data, pick(_positions(data), from_front(indices, data.shape[axis]), axis), updates, mode)


@mil_op("scatter", since="CoreML7")
def scatter_17(
    data: torch.Tensor,
    indices: torch.Tensor,
    updates: torch.Tensor,
    axis: int = 0,
    mode: str = "add",
    validate_indices: bool = False,
) -> torch.Tensor:
    """As before, with indices that count from the front."""
    del validate_indices
    axis = axis_from_front(axis, data.dim())
    return _scattered(data, pick(_positions(data), in_range(indices, data.shape[axis]), axis), updates, mode)


@mil_op("scatter_along_axis")
def scatter_along_axis(
    data: torch.Tensor, indices: torch.Tensor, updates: torch.Tensor, axis: int = 0, mode: str = "add"
) -> torch.Tensor:
    """Updates of single elements, at an index along `axis`."""
    axis = axis_from_front(axis, data.dim())
    places = pick_along(_positions(data), from_front(indices, data.shape[axis]), axis)
    return _scattered(data, places, updates, mode)


@mil_op("scatter_along_axis", since="CoreML7")
def scatter_along_axis_17(
    data: torch.Tensor,
    indices: torch.Tensor,
    updates: torch.Tensor,
    axis: int = 0,
    mode: str = "add",
    validate_indices: bool = False,
) -> torch.Tensor:
    """As before, with indices that count from the front."""
    del validate_indices
    axis = axis_from_front(axis, data.dim())
    return _scattered(data, pick_along(_positions(data), in_range(indices, data.shape[axis]), axis), updates, mode)


@mil_op("scatter_nd")
def scatter_nd(data: torch.Tensor, indices: torch.Tensor, updates: torch.Tensor, mode: str = "add") -> torch.Tensor:
    """Updates of slices at the index vectors in the last axis of `indices`."""
    return _scattered(data, pick_nd(_positions(data), from_front(indices, nd_sizes(data, indices))), updates, mode)


@mil_op("scatter_nd", since="CoreML7")
def scatter_nd_17(
    data: torch.Tensor,
    indices: torch.Tensor,
    updates: torch.Tensor,
    mode: str = "add",
    validate_indices: bool = False,
) -> torch.Tensor:
    """As before, with indices that count from the front."""
    del validate_indices
    return _scattered(data, pick_nd(_positions(data), in_range(indices, nd_sizes(data, indices))), updates, mode)
