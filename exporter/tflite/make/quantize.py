"""Real numbers to integers of a scale and a zero point and back, in float32 as ONNX defines it.

Every step is exact or one IEEE operation, in the order of ONNX Runtime: x / scale, rounded half to even, plus the zero
point, clipped. Integers of up to 16 bits and their zero points are exact in float32.
"""

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast
from portproof.exporter.tflite.make.known import calc, clip, take
from portproof.exporter.tflite.make.movement import reshape
from portproof.exporter.tflite.values import Array, array_of, constant, dtype_of, shape_of

QUANTIZED = frozenset({"int8", "uint8", "int16", "uint16"})
"""What is written; 4-bit and 8-bit float types only as constants, which are computed at once."""


def spread(b: Builder, parameter: ir.Value, shape: tuple[int, ...], axis: int, block: int) -> ir.Value:
    """A scale or zero point so that it broadcasts against a tensor of `shape`.

    Args:
        b: the builder.
        parameter: one for the tensor (rank 0, or one element), one for each entry of `axis` (rank 1), or one for each
            block of `block` entries along it (the rank of the tensor).
        shape: of the tensor.
        axis: not negative.
        block: 0 where there are no blocks.

    Raises:
        Refusal: the parameter has another shape.
    """
    size = shape_of(parameter)
    if block and len(size) == len(shape):
        return take(b, parameter, np.arange(shape[axis]) // block, axis)
    if size in ((), (1,)):
        return reshape(b, parameter, ())
    if len(size) != 1 or axis >= len(shape) or size[0] != shape[axis]:
        raise Refusal(f"a scale or zero point of shape {size} for a tensor of shape {shape}")
    return reshape(b, parameter, [size[0] if other == axis else 1 for other in range(len(shape))])


def quantize(b: Builder, x: ir.Value, scale: ir.Value, zero_point: ir.Value | None, dtype: np.dtype) -> ir.Value:
    """`x` / `scale` as integers of `dtype`; all broadcast.

    Args:
        b: the builder.
        x: float32.
        scale: float32.
        zero_point: of type `dtype`, or None for 0.
        dtype: one of `QUANTIZED`.

    Raises:
        Refusal: another type.
    """
    return rounded(b, calc(b, "DIV", x, scale), zero_point, dtype)


def rounded(b: Builder, x: ir.Value, zero_point: ir.Value | None, dtype: np.dtype) -> ir.Value:
    """float32 `x`, in multiples of the scale, as integers of `dtype`."""
    if dtype.name not in QUANTIZED:
        raise Refusal(f"quantized values of type {dtype.name} have no TFLite kernels", "quantize to int8 or uint8")
    steps = calc(b, "ROUND", x)
    if not is_zero(zero_point) and zero_point is not None:
        steps = calc(b, "ADD", steps, cast(b, zero_point, np.float32))
    return cast(b, clip(b, steps, np.iinfo(dtype).min, np.iinfo(dtype).max), dtype)


def dequantize(b: Builder, x: ir.Value, scale: ir.Value, zero_point: ir.Value | None) -> ir.Value:
    """(`x` - `zero_point`) * `scale`, float32; all broadcast. `scale` is float32.

    Raises:
        Refusal: the type of `x` is not one of `QUANTIZED` or int32, and `x` is not a constant.
    """
    return calc(b, "MUL", centred(b, x, zero_point), scale)


def centred(b: Builder, x: ir.Value, zero_point: ir.Value | None) -> ir.Value:
    """`x` - `zero_point` as float32; exact for up to 16 bits, rounded once for int32."""
    array, offset = array_of(x), array_of(zero_point)
    if array is not None and (zero_point is None or offset is not None):
        return constant(_difference(array, offset))
    if dtype_of(x).name not in QUANTIZED | {"int32"}:
        raise Refusal(
            f"quantized values of type {dtype_of(x).name} have no TFLite kernels", "quantize to int8 or uint8"
        )
    if zero_point is None or is_zero(zero_point):
        return cast(b, x, np.float32)
    if dtype_of(x) == np.int32:
        return cast(b, calc(b, "SUB", x, zero_point), np.float32)
    return calc(b, "SUB", cast(b, x, np.float32), cast(b, zero_point, np.float32))


def _difference(array: Array, offset: Array | None) -> Array:
    if "float" in array.dtype.name:  # the 8-bit float types, whose zero point is 0
        return array.astype(np.float32)
    whole = array.astype(np.int64)
    return (whole if offset is None else whole - offset.astype(np.int64)).astype(np.float32)


def is_zero(zero_point: ir.Value | None) -> bool:
    """Whether a zero point is absent, or known to be 0 everywhere."""
    array = array_of(zero_point)
    return zero_point is None or (array is not None and not array.astype(np.float32).any())
