"""cond, while_loop, select."""

from typing import Any

import torch

from portproof.runtimes.coreml.context import Context
from portproof.runtimes.coreml.registry import mil_op


@mil_op("cond", exact=True)
def cond(pred: torch.Tensor, context: Context) -> tuple[Any, ...]:
    """What the first block gives when `pred` is true, else what the second does."""
    if len(context.bodies) != 2:
        raise ValueError(f"two blocks are needed, and there are {len(context.bodies)}")
    return context.bodies[0 if _truth(pred) else 1]()


@mil_op("while_loop", exact=True)
def while_loop(loop_vars: list[Any], context: Context) -> tuple[Any, ...]:
    """The second block over and over, on what it gave, as long as the first says true."""
    if len(context.bodies) != 2:
        raise ValueError(f"two blocks are needed, and there are {len(context.bodies)}")
    goes_on, body = context.bodies
    values = tuple(loop_vars)
    while _truth(*goes_on(*values)):
        values = body(*values)
    return values


def _truth(value: Any) -> bool:
    if not isinstance(value, torch.Tensor) or value.numel() != 1 or value.dtype is not torch.bool:
        raise ValueError("the condition is not one truth value")
    return bool(value)


@mil_op("select", exact=True)
def select(cond: torch.Tensor, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """`a` where `cond`, else `b`, all broadcast to one shape."""
    if cond.dtype is not torch.bool or a.dtype is not b.dtype:
        raise ValueError(f"truth values and two tensors of one type are needed: {cond.dtype}, {a.dtype}, {b.dtype}")
    return torch.where(cond, a, b)
