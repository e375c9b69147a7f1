"""Cast and CastLike."""

import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast
from portproof.exporter.tflite.make.unsigned import from_float32, same_bits, to_float32
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, constant, dtype_of

_TYPES = frozenset(
    ("float32", "float16", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "bool")
)
_THROUGH = {"int8": "int32", "uint8": "int32", "int16": "int32", "uint16": "int32", "uint32": "int64"}
"""ONNX Runtime converts floats to short integers through a longer one, so that -1.7 becomes the uint8 255; the
kernel alone would give 0."""

_FLOATS = (ir.DataType.FLOAT, ir.DataType.FLOAT16)


@onnx_op("Cast", since=6, note="not between uint64 and float64; not bfloat16, float8, 4-bit types and strings")
def cast_(b: Builder, x: ir.Value, *, to: int, saturate: int | None, round_mode: str | None) -> ir.Value:
    """Floats lose their fraction, integers their high bits, booleans are whatever is not zero.

    `saturate` and `round_mode` concern float8 only. What a float outside of the integer type becomes is left open
    by ONNX.
    """
    return convert(b, x, ir.DataType(to))


@onnx_op("CastLike", since=15, note="as Cast")
def cast_like(b: Builder, x: ir.Value, target: ir.Value, *, saturate: int | None, round_mode: str | None) -> ir.Value:
    """To the type of `target`."""
    return convert(b, x, target.dtype)


def convert(b: Builder, x: ir.Value, to: ir.DataType | None) -> ir.Value:
    """`x` in the type `to`, with ONNX Runtime's rounding and wrapping.

    Raises:
        Refusal: TFLite's CAST lacks one of the types.
    """
    if x.dtype != to and ir.DataType.UINT64 in (x.dtype, to):
        return _uint64(b, x, to)
    for data_type in (x.dtype, to):
        if data_type is None or data_type.is_string() or data_type.numpy().name not in _TYPES:
            if x.dtype == to:
                return x
            raise Refusal(f"TFLite's CAST has no type {data_type}", "cast through float32 or int32")
    wanted = to.numpy() if to is not None else dtype_of(x)
    if dtype_of(x).kind == "f" and wanted.name in _THROUGH:
        x = cast(b, x, _THROUGH[wanted.name])
    return cast(b, x, wanted)


def _uint64(b: Builder, x: ir.Value, to: ir.DataType | None) -> ir.Value:
    """To or from uint64, which CAST lacks: through int64, of the same bits, or float32."""
    array = array_of(x)
    if array is not None and to is not None:
        return constant(array.astype(to.numpy()))
    if x.dtype == ir.DataType.UINT64:
        if to in _FLOATS:
            return convert(b, to_float32(b, x), to)
        if to == ir.DataType.BOOL:
            return binary(b, "NOT_EQUAL", same_bits(b, x, "int64"), 0)
        if to == ir.DataType.DOUBLE:
            raise Refusal("TFLite's CAST has no type UINT64", "cast through float32")
        return convert(b, same_bits(b, x, "int64"), to)
    if x.dtype in _FLOATS:
        return from_float32(b, cast(b, x, "float32"))
    if x.dtype == ir.DataType.DOUBLE:
        raise Refusal("TFLite's CAST has no type UINT64", "cast through float32")
    return same_bits(b, convert(b, x, ir.DataType.INT64), "uint64")
