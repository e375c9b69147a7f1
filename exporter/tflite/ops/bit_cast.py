"""BitCast: the same bits read as another type of the same width."""

import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, constant, dtype_of, shape_of
from portproof.exporter.tflite.writer.types import has_tensor_type


@onnx_op("BitCast", since=26, note="not bfloat16, float8 and types below 8 bits")
def bit_cast(b: Builder, x: ir.Value, *, to: int) -> ir.Value:
    """A constant is read anew at once."""
    wanted = ir.DataType(to)
    for data_type in (x.dtype, wanted):
        if not has_tensor_type(data_type) or data_type == ir.DataType.STRING:
            raise Refusal(f"TFLite has no type {data_type}", "cast to a type of 8 bits or more")
    array = array_of(x)
    if array is not None:
        return constant(array.view(wanted.numpy()))
    if dtype_of(x) == wanted.numpy():
        return x
    return b.emit("BITCAST", [x], shape=shape_of(x), dtype=wanted.numpy())
