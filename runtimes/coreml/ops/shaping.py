"""The same elements in the same order, or along other axes."""

import math

import torch

from portproof.runtimes.coreml.registry import mil_op


def wrapped_axes(axes: list[int], rank: int) -> list[int]:
    """Axes counted from the front; ValueError for one that is out of range, or there twice."""
    wrapped = [axis + rank if axis < 0 else axis for axis in axes]
    if any(not 0 <= axis < rank for axis in wrapped) or len(set(wrapped)) < len(wrapped):
        raise ValueError(f"axes {axes} do not fit a tensor of rank {rank}")
    return wrapped


@mil_op("expand_dims", exact=True)
def expand_dims(x: torch.Tensor, axes: list[int]) -> torch.Tensor:
    """New axes of size 1; `axes` are those of the result."""
    for axis in sorted(wrapped_axes(axes, x.dim() + len(axes))):
        x = x.unsqueeze(axis)
    return x


@mil_op("squeeze", exact=True)
def squeeze(x: torch.Tensor, axes: list[int] | None = None) -> torch.Tensor:
    """Without the axes of size 1: all, or those among `axes`; an axis of another size stays."""
    if axes is None:
        return x.squeeze()
    return x.squeeze(tuple(wrapped_axes(axes, x.dim())))


@mil_op("flatten2d", exact=True)
def flatten2d(x: torch.Tensor, axis: int = 1) -> torch.Tensor:
    """A matrix: the axes before `axis`, and those from it on."""
    if not -x.dim() <= axis <= x.dim():
        raise ValueError(f"axis {axis} does not fit a tensor of rank {x.dim()}")
    return x.reshape(math.prod(x.shape[:axis]), math.prod(x.shape[axis:]))


@mil_op("reshape", exact=True)
def reshape(x: torch.Tensor, shape: list[int]) -> torch.Tensor:
    """Another shape; 0 is the size of x at that place (of equal rank), -1 what is left over."""
    if 0 in shape and len(shape) != x.dim():
        raise ValueError(f"shape {shape} takes over sizes of a tensor of another rank, {x.dim()}")
    kept = [size or x.shape[axis] for axis, size in enumerate(shape)]
    return x.reshape(_without_minus_one(kept, x.numel()))


@mil_op("reshape", since="CoreML7", exact=True)
def reshape_from_the_right(x: torch.Tensor, shape: list[int]) -> torch.Tensor:
    """Another shape; 0 is the size of x at that place counted from the last, or 1 where x has none."""
    offset = x.dim() - len(shape)
    kept = [size or (x.shape[axis + offset] if axis + offset >= 0 else 1) for axis, size in enumerate(shape)]
    return x.reshape(_without_minus_one(kept, x.numel()))


def _without_minus_one(shape: list[int], count: int) -> list[int]:
    if any(size < -1 for size in shape) or shape.count(-1) > 1:
        raise ValueError(f"shape {shape} has more than one unknown size, or a negative one")
    known = math.prod(size for size in shape if size != -1)
    if known == 0 or count % known:
        return shape  # torch says why it does not fit
    return [count // known if size == -1 else size for size in shape]


@mil_op("reshape_like", since="CoreML6", exact=True)
def reshape_like(
    x: torch.Tensor,
    ref_tensors: list[torch.Tensor],
    begins: list[torch.Tensor],
    ends: list[torch.Tensor],
    end_masks: list[torch.Tensor],
) -> torch.Tensor:
    """The sizes ``begin:end`` of each reference (``begin:`` where its mask is set), one after the other."""
    shape: list[int] = []
    for ref, begin, end, masked in zip(ref_tensors, begins, ends, end_masks, strict=True):
        shape += ref.shape[int(begin) : None if bool(masked) else int(end)]
    return x.reshape(shape)


@mil_op("transpose", exact=True)
def transpose(x: torch.Tensor, perm: list[int]) -> torch.Tensor:
    """Axis i of the result is axis ``perm[i]`` of x."""
    return x.permute(perm)


@mil_op("reverse", exact=True)
def reverse(x: torch.Tensor, axes: list[int] | None = None) -> torch.Tensor:
    """Back to front along `axes`, or all."""
    return x.flip(list(range(x.dim())) if axes is None else wrapped_axes(axes, x.dim()))


@mil_op("reverse_sequence", exact=True)
def reverse_sequence(x: torch.Tensor, lengths: torch.Tensor, seq_axis: int = 0, batch_axis: int = 0) -> torch.Tensor:
    """For every i along `batch_axis`, the first ``lengths[i]`` elements along `seq_axis` back to front."""
    seq, batch = wrapped_axes([seq_axis, batch_axis], x.dim())
    size = x.shape[seq]
    if lengths.shape != (x.shape[batch],) or bool(((lengths < 0) | (lengths > size)).any()):
        raise ValueError(f"{x.shape[batch]} lengths of 0 to {size} are needed")
    steps = torch.arange(size)
    length = lengths.long()[:, None]
    source = torch.where(steps < length, length - 1 - steps, steps)  # [batch, seq]
    if batch > seq:
        source = source.T
    spread = [x.shape[axis] if axis in (seq, batch) else 1 for axis in range(x.dim())]
    return torch.gather(x, seq, source.reshape(spread).expand(x.shape))
