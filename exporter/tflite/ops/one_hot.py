"""OneHot."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.axes import resolve_axis
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast, select
from portproof.exporter.tflite.make.carrier import carried
from portproof.exporter.tflite.make.movement import reshape, slice_
from portproof.exporter.tflite.make.parameter import declared_shape
from portproof.exporter.tflite.ops.cast import convert
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, dtype_of, shape_of

ONE_HOT_TYPES = frozenset({"float32", "int8", "int32", "int64", "uint8", "bool"})


@onnx_op("OneHot", since=9, note="not float64, uint64 values")
def one_hot(b: Builder, indices: ir.Value, depth: ir.Value, values: ir.Value, *, axis: int) -> ir.Value:
    """`values` is [off, on]; negative indices count from the end, those outside are all off."""
    rank = len(shape_of(indices)) + 1
    along = resolve_axis(axis, rank)
    count = _depth(b, depth, along)
    places = _places(b, indices, count)
    pair = carried(b, values, ONE_HOT_TYPES, "OneHot")
    off, on = (reshape(b, slice_(b, pair, [position], [1]), ()) for position in (0, 1))
    shape = (*shape_of(indices)[:along], count, *shape_of(indices)[along:])
    # -1 is how the options say "last"; the kernel counts other axes in the output, as ONNX does.
    result = b.emit(
        "ONE_HOT",
        [places, b.const(count, "int32"), on, off],
        shape=shape,
        dtype=dtype_of(pair),
        axis=-1 if along == rank - 1 else along,
    )
    return cast(b, result, dtype_of(values))


def _depth(b: Builder, depth: ir.Value, along: int) -> int:
    array = array_of(depth)
    return declared_shape(b)[along] if array is None else int(array.reshape(-1)[0])


def _places(b: Builder, indices: ir.Value, depth: int) -> ir.Value:
    """int32 or int64, negative ones counted from the end; floats lose their fraction first."""
    array = array_of(indices)
    if array is not None:
        whole = array.astype(np.int64)
        return b.const(np.clip(np.where(whole < 0, whole + depth, whole), -1, depth), np.int32)
    places = indices if dtype_of(indices).name in ("int32", "int64") else convert(b, indices, ir.DataType.INT64)
    if dtype_of(indices).kind == "u":
        return places
    return select(b, binary(b, "LESS", places, 0), binary(b, "ADD", places, depth), places)
