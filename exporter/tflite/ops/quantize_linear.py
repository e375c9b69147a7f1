"""QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.axes import resolve_axis
from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.integer import lowering
from portproof.exporter.tflite.make.arithmetic import cast, reduce
from portproof.exporter.tflite.make.floats import as_float32
from portproof.exporter.tflite.make.known import calc, choose, clip
from portproof.exporter.tflite.make.quantize import dequantize, quantize, rounded, spread
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import dtype_of, is_constant, rank_of, shape_of

_SCALES = (ir.DataType.FLOAT, ir.DataType.FLOAT16)
_NOTE = "int8, uint8, int16, uint16; 4-bit and float8 types as constants only"


@onnx_op("QuantizeLinear", since=10, note=f"{_NOTE}; precision of float32")
def quantize_linear(
    b: Builder,
    x: ir.Value,
    scale: ir.Value,
    zero_point: ir.Value | None = None,
    *,
    axis: int | None,
    block_size: int | None,
    output_dtype: int | None,
    precision: int | None,
    saturate: int | None,
) -> ir.Value:
    """QUANTIZE where it is dequantized again, else float32 arithmetic; `saturate` concerns float8 only."""
    if precision not in (None, ir.DataType.UNDEFINED, ir.DataType.FLOAT):
        raise Refusal(f"a division in {ir.DataType(precision)}", "leave the attribute precision out")
    dtype = _type_of(zero_point, output_dtype)
    known = (
        None if _is_single(scale, zero_point, block_size) else _parameters(b, x, scale, zero_point, axis, block_size)
    )
    number = cast(b, x, np.float32) if dtype_of(x) == np.int32 else as_float32(b, x, "QuantizeLinear")
    pair = lowering.quantized(b, number, lowering.parameters(scale, zero_point, dtype), dtype)
    if pair is not None:
        return pair
    scales, zeros = known or _parameters(b, x, scale, zero_point, axis, block_size)
    return quantize(b, number, scales, zeros, dtype)


@onnx_op("DequantizeLinear", since=10, note=f"{_NOTE}; int32")
def dequantize_linear(
    b: Builder,
    x: ir.Value,
    scale: ir.Value,
    zero_point: ir.Value | None = None,
    *,
    axis: int | None,
    block_size: int | None,
    output_dtype: int | None,
) -> ir.Value:
    """DEQUANTIZE behind its other half, else float32 arithmetic; a constant `x` becomes float32 weights."""
    known = (
        None if _is_single(scale, zero_point, block_size) else _parameters(b, x, scale, zero_point, axis, block_size)
    )
    wanted = ir.DataType(output_dtype) if output_dtype else scale.dtype
    if wanted not in (ir.DataType.FLOAT, ir.DataType.FLOAT16):
        raise Refusal(f"TFLite has no type {wanted}", "dequantize to float32")
    result = lowering.dequantized(b, x, lowering.parameters(scale, zero_point, dtype_of(x)))
    if result is None:
        scales, zeros = known or _parameters(b, x, scale, zero_point, axis, block_size)
        result = dequantize(b, x, scales, zeros)
        lowering.remember(b, result, x, scales, zeros)
    return cast(b, result, wanted.numpy())


@onnx_op("DynamicQuantizeLinear", since=11)
def dynamic_quantize_linear(b: Builder, x: ir.Value) -> Sequence[ir.Value]:
    """To uint8 with the scale that the data need; 1 where all are 0, as in ONNX Runtime."""
    axes = tuple(range(rank_of(x)))
    low = calc(b, "MINIMUM", reduce(b, "REDUCE_MIN", x, axes, keepdims=False), 0)
    high = calc(b, "MAXIMUM", reduce(b, "REDUCE_MAX", x, axes, keepdims=False), 0)
    scale = calc(b, "DIV", calc(b, "SUB", high, low), 255)
    scale = choose(b, calc(b, "EQUAL", low, high), 1, scale)
    start = clip(b, calc(b, "SUB", b.const(0, np.float32), calc(b, "DIV", low, scale)), 0, 255)
    zero_point = rounded(b, start, None, np.dtype(np.uint8))
    return quantize(b, x, scale, zero_point, np.dtype(np.uint8)), scale, zero_point


def _type_of(zero_point: ir.Value | None, output_dtype: int | None) -> np.dtype[Any]:
    if zero_point is not None:
        return dtype_of(zero_point)
    return ir.DataType(output_dtype).numpy() if output_dtype else np.dtype(np.uint8)


def _is_single(scale: ir.Value, zero_point: ir.Value | None, block: int | None) -> bool:
    """Whether both are known, and one for the tensor: nothing is emitted or refused then, and a pair needs no more."""
    parameters = [value for value in (scale, zero_point) if value is not None]
    if block or scale.dtype not in _SCALES:
        return False
    return all(is_constant(value) and shape_of(value) in ((), (1,)) for value in parameters)


def _parameters(
    b: Builder, x: ir.Value, scale: ir.Value, zero_point: ir.Value | None, axis: int | None, block: int | None
) -> tuple[ir.Value, ir.Value | None]:
    """Both so that they broadcast against `x`, the scale as float32."""
    shape = shape_of(x)
    single = shape_of(scale) in ((), (1,))  # then there is no axis, whatever the attribute says
    along = 0 if single else resolve_axis(1 if axis is None else axis, len(shape))
    if scale.dtype not in _SCALES:
        raise Refusal(f"a scale of type {scale.dtype}", "give scales as float32")
    scales = cast(b, spread(b, scale, shape, along, block or 0), np.float32)
    return scales, None if zero_point is None else spread(b, zero_point, shape, along, block or 0)
