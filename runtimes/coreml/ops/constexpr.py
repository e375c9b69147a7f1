"""Compressed weights of iOS 16: affine, palettised, sparse. Bits are packed from the least significant one on."""

import math

import torch

from portproof.runtimes.coreml.context import Context
from portproof.runtimes.coreml.registry import mil_op


@mil_op("constexpr_affine_dequantize", since="CoreML6")
def affine_dequantize(
    quantized_data: torch.Tensor, zero_point: torch.Tensor, scale: torch.Tensor, axis: int
) -> torch.Tensor:
    """scale * (quantized_data - zero_point); vectors lie along `axis`."""
    rank = quantized_data.dim()
    if not -rank <= axis < rank:
        raise ValueError(f"axis {axis} does not fit a tensor of rank {rank}")
    size = quantized_data.shape[axis]
    shift, factor = (_along(parameter, axis, rank, size) for parameter in (zero_point, scale))
    return factor * (quantized_data.float() - shift)


def _along(parameter: torch.Tensor, axis: int, rank: int, size: int) -> torch.Tensor:
    if parameter.dim() == 0:
        return parameter.float()
    if parameter.shape != (size,):
        raise ValueError(f"a scalar or {size} values are needed, not the shape {list(parameter.shape)}")
    return parameter.float().reshape([-1] + [1] * (rank - 1 - axis % rank))


@mil_op("constexpr_cast", since="CoreML6", exact=True)
def cast(source_val: torch.Tensor, output_dtype: str) -> torch.Tensor:
    """Float16 as float32."""
    if output_dtype not in ("fp32", "float32"):
        raise ValueError(f"output_dtype {output_dtype!r}: fp32 is known")
    return source_val


@mil_op("constexpr_lut_to_dense", since="CoreML6", exact=True)
def lut_to_dense(indices: torch.Tensor, lut: torch.Tensor, shape: list[int], context: Context) -> torch.Tensor:
    """The palette's value at each index; indices are packed, as many bits each as the palette's size needs."""
    bits = lut.numel().bit_length() - 1
    if lut.dim() != 1 or lut.numel() not in (2, 4, 16, 64, 256):
        raise ValueError(f"a palette of 2, 4, 16, 64 or 256 values is needed, not of shape {list(lut.shape)}")
    places = _unpacked(indices, bits, shape, context)
    return lut.index_select(0, places.int()).reshape(shape)


@mil_op("constexpr_sparse_to_dense", since="CoreML6", exact=True)
def sparse_to_dense(nonzero_data: torch.Tensor, mask: torch.Tensor, shape: list[int], context: Context) -> torch.Tensor:
    """The values where a bit of `mask` is set, one after the other, and zeros elsewhere."""
    return spread(nonzero_data, _unpacked(mask, 1, shape, context).reshape(shape))


def spread(nonzero_data: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Zeros in the shape of `mask`, and the values one after the other where it is not zero."""
    kept = mask != 0
    if nonzero_data.dim() != 1 or int(kept.sum()) != nonzero_data.numel():
        raise ValueError(f"{int(kept.sum())} elements are kept, and the values are {list(nonzero_data.shape)}")
    dense = torch.zeros(mask.shape, dtype=nonzero_data.dtype)
    dense[kept] = nonzero_data
    return dense


def _unpacked(packed: torch.Tensor, bits: int, shape: list[int], context: Context) -> torch.Tensor:
    """Numbers of `bits` bits out of a vector of bytes, uint8; as many as `shape` has elements."""
    context.check_size(shape)
    count = math.prod(shape)
    if packed.dim() != 1 or packed.dtype is not torch.uint8 or packed.numel() != -(-bits * count // 8):
        raise ValueError(f"{count} numbers of {bits} bits are not {packed.dtype} {list(packed.shape)}")
    if bits == 8:
        return packed
    single = ((packed[:, None] >> torch.arange(8, dtype=torch.uint8)) & 1).reshape(-1)
    if bool(single[bits * count :].any()):
        raise ValueError("bits behind the last number are set")
    by_number = single[: bits * count].reshape(count, bits)
    numbers = torch.zeros(count, dtype=torch.uint8)
    for place in range(bits):
        numbers |= by_number[:, place] << place
    return numbers
