"""Quantisation. Core AI dequantises eight bits and fewer; a bias in int32 is stored as what it stands for."""

import numpy as np

from portproof.exporter.coreai.builder import Builder
from portproof.exporter.coreai.registry import onnx_op
from portproof.exporter.coreai.tensors import Array, Tensor, array_of, constant
from portproof.exporter.lowering.refusal import Refusal

_NARROW = ("int8", "uint8")


@onnx_op("QuantizeLinear", since=10, note="int8 and uint8, by tensor or channel, of constant scales")
def quantize(
    b: Builder,
    x: Tensor,
    scale: Tensor,
    zero_point: Tensor | None = None,
    *,
    axis: int | None,
    block_size: int | None,
    output_dtype: int | None,
    precision: int | None,
    saturate: int | None,
) -> Tensor:
    """round(x / scale) + zero_point, saturating."""
    if zero_point is None and output_dtype:
        raise Refusal("a type without a zero point is not written", "give a zero point of the type")
    zero = np.zeros(scale.shape, np.uint8) if zero_point is None else array_of(zero_point, "zero point")
    return _emit(b, "quantize", x, array_of(scale, "scale"), zero, axis, block_size)


@onnx_op("DequantizeLinear", since=10, note="int8 and uint8, constants of any type; by tensor or channel")
def dequantize(
    b: Builder,
    x: Tensor,
    scale: Tensor,
    zero_point: Tensor | None = None,
    *,
    axis: int | None,
    block_size: int | None,
    output_dtype: int | None,
) -> Tensor:
    """(x - zero_point) * scale."""
    factors = array_of(scale, "scale")
    zero = np.zeros(scale.shape, x.dtype) if zero_point is None else array_of(zero_point, "zero point")
    if x.array is not None and x.dtype.name not in _NARROW:
        return constant(_numbers(x.array, factors, zero, 1 if axis is None else axis, block_size))
    return _emit(b, "dequantize", x, factors, zero, axis, block_size)


def _emit(
    b: Builder, op: str, x: Tensor, scale: Array, zero: Array, axis: int | None, block_size: int | None
) -> Tensor:
    if block_size:
        raise Refusal("quantisation by blocks is not written", "quantise by channel")
    if zero.dtype.name not in _NARROW or scale.dtype != np.float32:
        raise Refusal(f"quantisation to {zero.dtype} is not written", "quantise to int8 or uint8")
    along = np.arange(x.rank, dtype=np.int32) if scale.size == 1 else np.array((axis or 0) % x.rank, np.int32)
    shape = () if scale.size == 1 else scale.shape
    nothing = np.zeros(shape, np.float32)
    return b.emit(op, x, scale.reshape(shape), zero.reshape(shape), nothing, along)


def _numbers(array: Array, scale: Array, zero: Array, axis: int, block_size: int | None) -> Array:
    if block_size:
        raise Refusal("quantisation by blocks is not written", "quantise by channel")
    shape = [1] * array.ndim
    if scale.size > 1:
        shape[axis] = scale.size
    numbers: Array = (
        array.astype(np.int64) - zero.reshape(shape if zero.size > 1 else ()).astype(np.int64)
    ) * scale.reshape(shape if scale.size > 1 else ())
    return numbers.astype(scale.dtype)
