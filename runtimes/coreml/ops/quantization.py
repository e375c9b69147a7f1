"""Affine quantisation of activations (iOS 17): real = scale * (integer - zero_point)."""

import torch

from portproof.runtimes.coreml.dtypes import DTYPES
from portproof.runtimes.coreml.registry import mil_op


@mil_op("quantize", since="CoreML7")
def quantize(
    input: torch.Tensor,  # noqa: A002 - MIL's name
    scale: torch.Tensor,
    output_dtype: str,
    zero_point: torch.Tensor | None = None,
    axis: int | None = None,
) -> torch.Tensor:
    """Input / scale, rounded with halves to the even neighbour, plus zero_point, kept in range; int8 or uint8."""
    if output_dtype not in ("int8", "uint8"):
        raise ValueError(f"quantize gives int8 or uint8, not {output_dtype!r}")
    if bool((scale == 0).any()):
        raise ValueError("a scale of quantize is zero")
    held = DTYPES[output_dtype]
    scale, zero_point = _along(input, scale, zero_point, axis)
    result = torch.round(input / scale)
    if zero_point is not None:
        result = result + zero_point
    return result.clamp(held.low, held.high).to(getattr(torch, held.torch))


@mil_op("dequantize", since="CoreML7")
def dequantize(
    input: torch.Tensor,  # noqa: A002 - MIL's name
    scale: torch.Tensor,
    zero_point: torch.Tensor | None = None,
    axis: int | None = None,
) -> torch.Tensor:
    """Scale * (input - zero_point), in the type of scale."""
    scale, zero_point = _along(input, scale, zero_point, axis)
    real = input.to(scale.dtype)
    return scale * (real if zero_point is None else real - zero_point.to(scale.dtype))


def _along(
    x: torch.Tensor, scale: torch.Tensor, zero_point: torch.Tensor | None, axis: int | None
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Scale and zero point so that they broadcast: one number, or one for each place on `axis`."""
    if zero_point is not None and zero_point.shape != scale.shape:
        raise ValueError(f"scale and zero_point have shapes {list(scale.shape)} and {list(zero_point.shape)}")
    if scale.dim() == 0:
        if axis is not None:
            raise ValueError("an axis is given, and scale is one number")
        return scale, zero_point
    if axis is None or not -x.dim() <= axis < x.dim() or tuple(scale.shape) != (x.shape[axis],):
        raise ValueError(f"a scale of shape {list(scale.shape)} along axis {axis} of a tensor of {list(x.shape)}")
    each = (-1, *[1] * (x.dim() - 1 - axis % x.dim()))
    return scale.reshape(each), None if zero_point is None else zero_point.reshape(each)
