"""Parts of a tensor: slice_by_index, slice_by_size, slice_update, sliding_windows."""

from collections.abc import Sequence

import torch

from portproof.runtimes.coreml.registry import mil_op


@mil_op("slice_by_index", exact=True)
def slice_by_index(
    x: torch.Tensor,
    begin: list[int],
    end: list[int],
    stride: list[int] | None = None,
    begin_mask: list[bool] | None = None,
    end_mask: list[bool] | None = None,
    squeeze_mask: list[bool] | None = None,
) -> torch.Tensor:
    """``x[begin:end:stride, ...]`` by numpy's rules.

    A masked begin or end is open; an axis with `squeeze_mask` gives its element at `begin` and is dropped.
    """
    index, backward = _index(x.shape, begin, end, stride, begin_mask, end_mask, squeeze_mask)
    part = x[index].flip(backward) if backward else x[index]
    dropped = [axis for axis, squeezed in enumerate(squeeze_mask or ()) if squeezed]
    return part.squeeze(dropped) if dropped else part


@mil_op("slice_update", since="CoreML8", exact=True)
def slice_update(
    x: torch.Tensor,
    update: torch.Tensor,
    begin: list[int],
    end: list[int],
    stride: list[int] | None = None,
    begin_mask: list[bool] | None = None,
    end_mask: list[bool] | None = None,
    squeeze_mask: list[bool] | None = None,
) -> torch.Tensor:
    """A copy of x in which the slice that `slice_by_index` gives is `update`."""
    if update.dim() == 0:
        raise ValueError("update must not be a scalar")
    index, backward = _index(x.shape, begin, end, stride, begin_mask, end_mask, squeeze_mask)
    result = x.clone()
    part = result[index]
    kept = [size for axis, size in enumerate(part.shape) if not (squeeze_mask or [False] * x.dim())[axis]]
    if list(update.shape) != kept:
        raise ValueError(f"update has the shape {list(update.shape)}, and the slice {kept}")
    update = update.reshape(part.shape)
    part.copy_(update.flip(backward) if backward else update)
    return result


def _index(
    shape: Sequence[int],
    begin: list[int],
    end: list[int],
    stride: list[int] | None,
    begin_mask: list[bool] | None,
    end_mask: list[bool] | None,
    squeeze_mask: list[bool] | None,
) -> tuple[tuple[slice, ...], list[int]]:
    """Slices that all go forward, and the axes that are to be reversed after them."""
    none = [False] * len(shape)
    columns = (begin, end, stride or [1] * len(shape), begin_mask or none, end_mask or none, squeeze_mask or none)
    if any(len(column) != len(shape) for column in columns):
        raise ValueError(f"begin, end, strides and masks of length {len(shape)} are needed")
    index, backward = [], []
    for axis, (size, first, last, step, opens, ends, squeezes) in enumerate(zip(shape, *columns, strict=True)):
        if squeezes:
            index.append(_one(size, 0 if opens else first, axis))
            continue
        if step == 0:
            raise ValueError(f"the stride of axis {axis} is 0")
        picked = range(*slice(None if opens else first, None if ends else last, step).indices(size))
        if step < 0:
            backward.append(axis)
            picked = picked[::-1]
        index.append(slice(picked.start, max(picked.stop, picked.start), picked.step))
    return tuple(index), backward


def _one(size: int, place: int, axis: int) -> slice:
    found = place + size if place < 0 else place
    if not 0 <= found < size:
        raise ValueError(f"index {place} is out of range for axis {axis}, which has {size} elements")
    return slice(found, found + 1)


@mil_op("slice_by_size", exact=True)
def slice_by_size(x: torch.Tensor, begin: list[int], size: list[int]) -> torch.Tensor:
    """`size` elements of each axis from `begin` on; -1 for all that follow."""
    if not len(begin) == len(size) == x.dim():
        raise ValueError(f"begin and size of length {x.dim()} are needed")
    for axis, (first, count) in enumerate(zip(begin, size, strict=True)):
        start = first + x.shape[axis] if first < 0 else first
        x = x.narrow(axis, start, x.shape[axis] - start if count == -1 else count)
    return x


@mil_op("sliding_windows", exact=True)
def sliding_windows(x: torch.Tensor, axis: int, size: int, stride: int = 1) -> torch.Tensor:
    """All windows of `size` along `axis`, `stride` apart; their elements make a new axis behind it."""
    axis = axis + x.dim() if axis < 0 else axis
    return x.unfold(axis, size, stride).movedim(-1, axis + 1)
