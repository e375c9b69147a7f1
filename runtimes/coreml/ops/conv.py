"""Convolutions over one, two or three spatial axes; sums are accumulated in float32."""

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it

from portproof.runtimes.coreml.registry import mil_op
from portproof.runtimes.coreml.windows import flat, pads_of, per_axis, spans, symmetric

_CONV = {3: F.conv1d, 4: F.conv2d, 5: F.conv3d}


@mil_op("conv")
def conv_15(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    strides: list[int] | None = None,
    pad_type: str = "valid",
    pad: list[int] | None = None,
    dilations: list[int] | None = None,
    groups: int = 1,
) -> torch.Tensor:
    """`x` [n, C_in, *sizes], `weight` [C_out, C_in / groups, *kernel], `bias` [C_out]; no ``same_lower`` yet."""
    _check_lower(pad_type)
    return conv(x, weight, bias, strides, pad_type, pad, dilations, groups)


@mil_op("conv", since="CoreML6")
def conv(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    strides: list[int] | None = None,
    pad_type: str = "valid",
    pad: list[int] | None = None,
    dilations: list[int] | None = None,
    groups: int = 1,
) -> torch.Tensor:
    """As before, with ``same_lower``."""
    rank = _spatial_rank(x, weight)
    strides = per_axis("strides", strides, rank)
    dilations = per_axis("dilations", dilations, rank)
    span = spans(weight.shape[2:], dilations)
    pads = pads_of(pad_type, pad, x.shape[2:], span, strides)
    padding = symmetric(pads)
    if padding is None:
        x, padding = F.pad(x, flat(pads)), [0] * rank
    return _CONV[x.dim()](x, weight, bias, strides, padding, dilations, groups)


@mil_op("conv_quantized")
def conv_quantized(
    x: torch.Tensor,
    weight: torch.Tensor,
    quantization_type: str,
    quant_scale: torch.Tensor,
    quant_bias: torch.Tensor,
    bias: torch.Tensor | None = None,
    nbits: int = 8,
    strides: list[int] | None = None,
    pad_type: str = "valid",
    pad: list[int] | None = None,
    dilations: list[int] | None = None,
    groups: int = 1,
) -> torch.Tensor:
    """A convolution with the weight `weight * quant_scale + quant_bias`, these of one number or one for each C_out."""
    if quantization_type != "linear":
        raise ValueError(f"conv_quantized of type {quantization_type!r}: only linear says how its weights are meant")
    if not 1 <= nbits <= 8 or int(weight.max()) >= 2**nbits:
        raise ValueError(f"the weights of conv_quantized do not fit into {nbits} bits")
    dense = weight.to(x.dtype) * _each(quant_scale, weight) + _each(quant_bias, weight)
    _check_lower(pad_type)
    return conv(x, dense, None if bias is None else bias.to(x.dtype), strides, pad_type, pad, dilations, groups)


def _each(parameter: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """One number, or one for each output channel, so that it broadcasts over the weight."""
    if parameter.numel() not in (1, weight.shape[0]):
        raise ValueError(f"{parameter.numel()} numbers for {weight.shape[0]} output channels")
    return parameter.reshape(-1, *[1] * (weight.dim() - 1))


def _spatial_rank(x: torch.Tensor, weight: torch.Tensor) -> int:
    if x.dim() not in _CONV or weight.dim() != x.dim():
        raise ValueError(f"an input of shape {list(x.shape)} and a weight of shape {list(weight.shape)} do not fit")
    return x.dim() - 2


def _check_lower(pad_type: str) -> None:
    if pad_type == "same_lower":
        raise ValueError("pad_type same_lower comes with iOS 16")
