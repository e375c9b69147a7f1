"""Reductions over axes.

Whole numbers are reduced in float64 where the function is not one of whole numbers, and what is behind the point is
dropped: the result is declared of the input's type.
"""

from collections.abc import Callable

import torch

from portproof.runtimes.coreml.dtypes import DTYPES
from portproof.runtimes.coreml.registry import mil_op

Reduce = Callable[[torch.Tensor, list[int], bool], torch.Tensor]


def _product(x: torch.Tensor, axes: list[int], keep: bool) -> torch.Tensor:
    for axis in sorted(axes, reverse=True):
        x = x.prod(axis, keepdim=keep)
    return x


_WHOLE: dict[str, Reduce] = {
    "reduce_l1_norm": lambda x, axes, keep: x.abs().sum(axes, keep),
    "reduce_prod": _product,
    "reduce_sum": lambda x, axes, keep: x.sum(axes, keep),
    "reduce_sum_square": lambda x, axes, keep: x.square().sum(axes, keep),
}

_REAL: dict[str, Reduce] = {
    "reduce_l2_norm": lambda x, axes, keep: x.square().sum(axes, keep).sqrt(),
    "reduce_log_sum": lambda x, axes, keep: x.sum(axes, keep).log(),
    "reduce_log_sum_exp": torch.logsumexp,
    "reduce_mean": lambda x, axes, keep: x.mean(axes, keep),
}

_EXACT: dict[str, Reduce] = {
    "reduce_max": lambda x, axes, keep: x.amax(axes, keep),
    "reduce_min": lambda x, axes, keep: x.amin(axes, keep),
}


@mil_op(*_WHOLE)
def reduce_whole(
    x: torch.Tensor, axes: list[int] | None = None, keep_dims: bool = False, *, op_type: str
) -> torch.Tensor:
    """A sum or a product."""
    return _reduced(_WHOLE[op_type], x, axes, keep_dims)


@mil_op(*_REAL)
def reduce_real(
    x: torch.Tensor, axes: list[int] | None = None, keep_dims: bool = False, *, op_type: str
) -> torch.Tensor:
    """A mean, a root or a logarithm."""
    if x.dtype.is_floating_point:
        return _reduced(_REAL[op_type], x, axes, keep_dims)
    return _reduced(_REAL[op_type], x.to(torch.float64), axes, keep_dims).to(torch.int64)


@mil_op(*_EXACT, exact=True)
def reduce_extreme(
    x: torch.Tensor, axes: list[int] | None = None, keep_dims: bool = False, *, op_type: str
) -> torch.Tensor:
    """The largest or the smallest element."""
    return _reduced(_EXACT[op_type], x, axes, keep_dims)


@mil_op("reduce_argmax", "reduce_argmin")
def reduce_arg(x: torch.Tensor, axis: int = -1, keep_dims: bool = False, *, op_type: str) -> torch.Tensor:
    """Where the largest or the smallest element is; among equals the first."""
    found = torch.argmax if op_type == "reduce_argmax" else torch.argmin
    return found(x, dim=axis, keepdim=keep_dims)


@mil_op("reduce_argmax", "reduce_argmin", since="CoreML7")
def reduce_arg_typed(
    x: torch.Tensor, axis: int = -1, keep_dims: bool = False, output_dtype: str = "int32", *, op_type: str
) -> torch.Tensor:
    """As before, as int32 or uint16."""
    if output_dtype.lower() not in ("int32", "uint16"):
        raise ValueError(f"{op_type} gives int32 or uint16, not {output_dtype!r}")
    if x.shape[axis] - 1 > DTYPES[output_dtype.lower()].high:
        raise ValueError(f"a place among {x.shape[axis]} does not fit into {output_dtype}")
    return reduce_arg(x, axis, keep_dims, op_type=op_type)


def _reduced(reduce: Reduce, x: torch.Tensor, axes: list[int] | None, keep_dims: bool) -> torch.Tensor:
    axes = list(range(x.dim())) if axes is None else [_axis(axis, x.dim()) for axis in axes]
    if not axes:  # torch takes no axes for all axes
        return reduce(x.unsqueeze(-1), [-1], False)
    return reduce(x, axes, keep_dims)


def _axis(axis: int, rank: int) -> int:
    if not -rank <= axis < rank:
        raise ValueError(f"axis {axis} is none of a tensor of rank {rank}")
    return axis % rank
