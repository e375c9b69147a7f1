"""QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary, select
from portproof.exporter.coreml.make.quantize import Parameters, dequantize, quantize, rounded, spread_array
from portproof.exporter.coreml.make.weights import packed
from portproof.exporter.coreml.registry import onnx_op, takes_narrow
from portproof.exporter.coreml.values import Array, Var, array_of, dtype_of, is_float, rank_of
from portproof.exporter.lowering.axes import resolve_axis
from portproof.exporter.lowering.refusal import Refusal

_NOTE = "int8, uint8, int16, uint16; 4-bit and float8 types as constants only"
_FLOATS = (ir.DataType.FLOAT, ir.DataType.FLOAT16)


@onnx_op("QuantizeLinear", since=10, note=f"{_NOTE}; precision of float32")
@takes_narrow
def quantize_linear(
    b: Builder,
    x: Var,
    scale: Var,
    zero_point: Var | None = None,
    *,
    axis: int | None,
    block_size: int | None,
    output_dtype: int | None,
    precision: int | None,
    saturate: int | None,
) -> Var:
    """As float32 arithmetic, or MIL's quantize; `saturate` concerns float8 only."""
    if precision not in (None, ir.DataType.UNDEFINED, ir.DataType.FLOAT):
        raise Refusal(f"a division in {ir.DataType(precision)}", "leave the attribute precision out")
    number = x if is_float(x) else b.cast(x, "float32")
    return quantize(b, number, _parameters(x, scale, zero_point, axis, block_size), _type(b, zero_point, output_dtype))


def _type(b: Builder, zero_point: Var | None, output_dtype: int | None) -> np.dtype[Any]:
    """Of the zero point, which ONNX gives to the output, whether or not the model says so."""
    declared = b.source.outputs[0].dtype if b.source is not None else None
    if declared is None and zero_point is not None:
        return np.dtype(dtype_of(zero_point))
    if declared is None:
        declared = ir.DataType(output_dtype) if output_dtype else ir.DataType.UINT8
    return np.dtype(declared.numpy())


@onnx_op("DequantizeLinear", since=10, note=f"{_NOTE}; int32")
@takes_narrow
def dequantize_linear(
    b: Builder,
    x: Var,
    scale: Var,
    zero_point: Var | None = None,
    *,
    axis: int | None,
    block_size: int | None,
    output_dtype: int | None,
) -> Var:
    """As float32 arithmetic, or MIL's dequantize; constant weights stay integers in the package."""
    wanted = ir.DataType(output_dtype) if output_dtype else None
    if wanted not in (None, *_FLOATS) or not is_float(scale):
        raise Refusal(f"it dequantizes to {wanted}", "dequantize to float32")
    parameters = _parameters(x, scale, zero_point, axis, block_size)
    y = _weights(b, x, parameters)
    y = dequantize(b, x, parameters) if y is None else y
    return y if wanted is None else b.cast(y, wanted.numpy())


def _weights(b: Builder, x: Var, parameters: Parameters) -> Var | None:
    """A constant: matrices as integers where the target has a form for it, else computed at once."""
    data, arrays = array_of(x), parameters.arrays()
    if data is None or arrays is None:
        return None
    scale, zero = arrays
    declared = b.source.inputs[0].dtype if b.source is not None else None  # type: ignore[union-attr]
    kind = data.dtype if declared is None else declared.numpy()
    if data.ndim > 1 and (not parameters.block or _whole_blocks(data, scale, parameters)):
        found = packed(b, data, np.dtype(kind).name, scale, zero, parameters.axis)
        if found is not None:
            return found
    wide = data.astype(np.float32)
    if zero is not None:
        wide = wide - spread_array(data, zero, parameters).astype(np.float32)
    return b.const((wide * spread_array(data, scale, parameters).astype(np.float32)).astype(scale.dtype))


def _whole_blocks(data: Array, scale: Array, parameters: Parameters) -> bool:
    """Whether blocks divide the axis, as MIL's have to."""
    return bool(data.shape[parameters.axis] == scale.shape[parameters.axis] * parameters.block)


def _parameters(x: Var, scale: Var, zero_point: Var | None, axis: int | None, block: int | None) -> Parameters:
    along = 0 if tuple(scale.shape) in ((), (1,)) else resolve_axis(1 if axis is None else axis, rank_of(x))
    return Parameters(scale=scale, zero_point=zero_point, axis=along, block=block or 0)


@onnx_op("DynamicQuantizeLinear", since=11)
def dynamic_quantize_linear(b: Builder, x: Var) -> Sequence[Var]:
    """To uint8 with the scale that the data need; 1 where all are 0, as in ONNX Runtime."""
    with b.exactly():
        low = binary(b, "minimum", b.emit("reduce_min", x=x, keep_dims=False), 0)
        high = binary(b, "maximum", b.emit("reduce_max", x=x, keep_dims=False), 0)
        scale = binary(b, "real_div", binary(b, "sub", high, low), 255)
        scale = select(b, binary(b, "equal", low, high), b.like(1, x), scale)
        start = binary(b, "mul", binary(b, "real_div", low, scale), -1)
        zero = rounded(b, start, None, np.dtype(np.uint8))
        steps = binary(b, "real_div", x, scale)
        return rounded(b, steps, zero, np.dtype(np.uint8)), scale, zero
