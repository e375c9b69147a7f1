"""Transposed convolutions over one, two or three spatial axes."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it

from portproof.runtimes.coreml.context import Context
from portproof.runtimes.coreml.registry import mil_op
from portproof.runtimes.coreml.windows import flat, per_axis, spans

_CONV_TRANSPOSE = {3: F.conv_transpose1d, 4: F.conv_transpose2d, 5: F.conv_transpose3d}


@mil_op("conv_transpose")
def conv_transpose(
    x: torch.Tensor,
    weight: torch.Tensor,
    context: Context,
    bias: torch.Tensor | None = None,
    pad: list[int] | None = None,
    output_shape: list[int] | None = None,
    pad_type: str = "valid",
    strides: list[int] | None = None,
    dilations: list[int] | None = None,
    groups: int = 1,
) -> torch.Tensor:
    """The gradient of `conv` by its input: `x` [n, C_in, *sizes], `weight` [C_in, C_out / groups, *kernel].

    The scattered sums of the kernel are computed in full; padding cuts them at both ends, and what an `output_shape`
    has beyond them is zero, plus the bias.
    """
    if x.dim() not in _CONV_TRANSPOSE or weight.dim() != x.dim():
        raise ValueError(f"an input of shape {list(x.shape)} and a weight of shape {list(weight.shape)} do not fit")
    rank = x.dim() - 2
    strides = per_axis("strides", strides, rank)
    dilations = per_axis("dilations", dilations, rank)
    full = [
        (size - 1) * stride + span
        for size, stride, span in zip(x.shape[2:], strides, spans(weight.shape[2:], dilations), strict=True)
    ]
    context.check_size([x.shape[0], weight.shape[1] * groups, *full])
    before, sizes = _placed(
        pad_type, pad, full, [size * stride for size, stride in zip(x.shape[2:], strides, strict=True)]
    )
    if output_shape is not None:
        given = _spatial(output_shape, [x.shape[0], weight.shape[1] * groups], rank)
        before = before if pad_type != "same" else [max(0, f - g) // 2 for f, g in zip(full, given, strict=True)]
        sizes = given
        context.check_size(output_shape)
    after = [f - b - s for f, b, s in zip(full, before, sizes, strict=True)]
    return _run(x, weight, bias, strides, dilations, groups, before, after)


def _placed(
    pad_type: str, pad: Sequence[int] | None, full: Sequence[int], same: Sequence[int]
) -> tuple[list[int], list[int]]:
    """What is cut before each axis, and how much is left of it."""
    if pad_type == "valid":
        return [0] * len(full), list(full)
    if pad_type == "same":
        return [max(0, f - s) // 2 for f, s in zip(full, same, strict=True)], list(same)
    if pad_type != "custom":
        raise ValueError(f"conv_transpose has no pad_type {pad_type!r}")
    amounts = per_axis("pad", pad, 2 * len(full), least=0)
    before, after = amounts[::2], amounts[1::2]
    return before, [f - b - a for f, b, a in zip(full, before, after, strict=True)]


def _spatial(output_shape: Sequence[int], leading: Sequence[int], rank: int) -> list[int]:
    if len(output_shape) != rank + 2 or list(output_shape[:2]) != list(leading):
        raise ValueError(f"output_shape {list(output_shape)} does not begin with {list(leading)}, or has another rank")
    return list(output_shape[2:])


def _run(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    strides: list[int],
    dilations: list[int],
    groups: int,
    before: list[int],
    after: list[int],
) -> torch.Tensor:
    extra = [b - a for b, a in zip(before, after, strict=True)]
    run = _CONV_TRANSPOSE[x.dim()]
    if all(0 <= e < max(s, d) for e, s, d in zip(extra, strides, dilations, strict=True)):
        return run(x, weight, bias, strides, before, extra, groups, dilations)
    result = run(x, weight, None, strides, 0, 0, groups, dilations)
    result = F.pad(result, flat([(-b, -a) for b, a in zip(before, after, strict=True)]))
    return result if bias is None else result + bias.reshape(-1, *[1] * (x.dim() - 2))
