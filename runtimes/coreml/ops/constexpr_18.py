"""Compressed weights of iOS 18: in blocks and groups, of vectors, and sparse ones of either kind.

Types narrower than a byte come with one element a byte. The sparse forms give their mask, and the values it keeps.
"""

import torch

from portproof.runtimes.coreml.ops.constexpr import spread
from portproof.runtimes.coreml.registry import mil_op


@mil_op("constexpr_blockwise_shift_scale", since="CoreML8")
def blockwise_shift_scale(data: torch.Tensor, scale: torch.Tensor, offset: torch.Tensor | None = None) -> torch.Tensor:
    """scale * (data - offset); one scale and offset for each block, which are as large as the shapes say."""
    if offset is not None and offset.shape != scale.shape:
        raise ValueError(f"scale has the shape {list(scale.shape)}, and offset {list(offset.shape)}")
    blocks = _blocks(data.shape, scale.shape)
    # Axes of a group's number and of the place in it by turns: a scale then fits by broadcasting.
    grouped = data.float().reshape([size for pair in zip(scale.shape, blocks, strict=True) for size in pair])
    single = [size for groups in scale.shape for size in (groups, 1)]
    shifted = grouped if offset is None else grouped - offset.float().reshape(single)
    return (scale.reshape(single) * shifted).reshape(data.shape)


def _blocks(shape: torch.Size, groups: torch.Size) -> list[int]:
    if len(shape) != len(groups) or any(not n or size % n for size, n in zip(shape, groups, strict=False)):
        raise ValueError(f"the shape {list(shape)} is not made of blocks for {list(groups)} values")
    return [size // n for size, n in zip(shape, groups, strict=True)]


@mil_op("constexpr_lut_to_dense", since="CoreML8", exact=True)
def lut_to_dense(indices: torch.Tensor, lut: torch.Tensor, vector_axis: int | None = None) -> torch.Tensor:
    """The palette's entry at each index.

    `lut` is [groups along each axis of the indices..., palette, vector]; the elements of a vector follow each other
    along `vector_axis`.
    """
    rank = indices.dim()
    if rank == 0 or lut.dim() != rank + 2:
        raise ValueError(f"indices of rank {rank} and a table of rank {lut.dim()} do not go together")
    if indices.numel() and int(indices.max()) >= lut.shape[-2]:
        raise IndexError(f"index {int(indices.max())} into a palette of {lut.shape[-2]}")
    entries = lut.reshape(-1, lut.shape[-1]).index_select(0, _entries(indices, lut.shape).reshape(-1))
    found = entries.reshape(*indices.shape, lut.shape[-1])
    axis = _vector_axis(vector_axis, lut, rank)
    return found.squeeze(-1) if lut.shape[-1] == 1 else found.movedim(-1, axis + 1).flatten(axis, axis + 1)


def _entries(indices: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    """Where each entry is among those of all palettes of a table, int32."""
    places, step = indices.int(), shape[-2]
    blocks = _blocks(indices.shape, shape[:-2])
    for axis in reversed(range(indices.dim())):
        group = torch.arange(indices.shape[axis], dtype=torch.int32) // blocks[axis]
        places = places + step * group.reshape([-1] + [1] * (indices.dim() - 1 - axis)) if shape[axis] > 1 else places
        step *= shape[axis]
    return places


def _vector_axis(axis: int | None, lut: torch.Tensor, rank: int) -> int:
    if axis is None and lut.shape[-1] > 1:
        raise ValueError("vectors need a vector_axis")
    if axis is not None and not -rank <= axis < rank:
        raise ValueError(f"vector_axis {axis} does not fit a tensor of rank {rank}")
    return (axis or 0) % rank


@mil_op("constexpr_sparse_to_dense", since="CoreML8", exact=True)
def sparse_to_dense(nonzero_data: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """The values where `mask` is 1, one after the other, and zeros elsewhere."""
    return spread(nonzero_data, mask)


@mil_op("constexpr_lut_to_sparse", since="CoreML8", exact=True)
def lut_to_sparse(
    indices_mask: torch.Tensor,
    indices_nonzero_data: torch.Tensor,
    lut: torch.Tensor,
    vector_axis: int | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The palette's entries at the indices that the mask keeps, with a mask for them."""
    dense = lut_to_dense(spread(indices_nonzero_data, indices_mask), lut, vector_axis)
    axis = _vector_axis(vector_axis, lut, indices_mask.dim())
    mask = indices_mask.repeat_interleave(lut.shape[-1], axis)
    return mask, dense[mask != 0]


@mil_op("constexpr_sparse_blockwise_shift_scale", since="CoreML8")
def sparse_blockwise_shift_scale(
    data_mask: torch.Tensor, nonzero_data: torch.Tensor, scale: torch.Tensor, offset: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """`blockwise_shift_scale` of the values that the mask keeps, with the mask."""
    dense = blockwise_shift_scale(spread(nonzero_data, data_mask), scale, offset)
    return data_mask, dense[data_mask != 0]
