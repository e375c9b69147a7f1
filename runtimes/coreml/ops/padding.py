"""pad."""

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it

from portproof.runtimes.coreml.context import Context
from portproof.runtimes.coreml.registry import mil_op


@mil_op("pad", exact=True)
def pad(
    x: torch.Tensor, pad: list[int], context: Context, mode: str = "constant", constant_val: float = 0.0
) -> torch.Tensor:
    """``pad`` holds before and after for each of the last axes.

    ``"constant"`` puts `constant_val` there, ``"reflect"`` mirrors without the edge (at most size - 1), ``"replicate"``
    repeats it.
    """
    if len(pad) % 2 or len(pad) > 2 * x.dim() or any(count < 0 for count in pad):
        raise ValueError(f"padding {pad} does not fit a tensor of rank {x.dim()}")
    first = x.dim() - len(pad) // 2
    around = {first + place: (pad[2 * place], pad[2 * place + 1]) for place in range(len(pad) // 2)}
    context.check_size([size + sum(around.get(axis, (0, 0))) for axis, size in enumerate(x.shape)])
    if mode == "constant":
        from_last = [count for axis in sorted(around, reverse=True) for count in around[axis]]
        return F.pad(x, from_last, value=constant_val)
    if mode not in _SOURCES:
        raise ValueError(f"mode {mode!r} is none of constant, reflect, replicate")
    for axis, (before, after) in around.items():
        if before or after:
            x = x.index_select(axis, _SOURCES[mode](x.shape[axis], before, after))
    return x


def _reflected(size: int, before: int, after: int) -> torch.Tensor:
    if max(before, after) > size - 1:
        raise ValueError(f"{size} elements cannot be reflected by {before} and {after}")
    places = torch.arange(-before, size + after).abs()
    return torch.where(places < size, places, 2 * (size - 1) - places)


def _replicated(size: int, before: int, after: int) -> torch.Tensor:
    if size == 0:
        raise ValueError("there is no edge to repeat")
    return torch.arange(-before, size + after).clamp(0, size - 1)


_SOURCES = {"reflect": _reflected, "replicate": _replicated}
