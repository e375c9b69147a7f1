"""ArgMax, ArgMin and TopK. ONNX does not say where NaN stands in the order, and the runtimes differ."""

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.axes import resolve_axis
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast, unary
from portproof.exporter.tflite.make.carrier import carried
from portproof.exporter.tflite.make.movement import reshape, transpose
from portproof.exporter.tflite.make.parameter import constant_ints, declared_shape
from portproof.exporter.tflite.make.unsigned import from_ordered, ordered
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, dtype_of, shape_of

ARG_TYPES = frozenset({"float32", "int8", "int32", "uint8", "bool"})
TOPK_TYPES = frozenset({"float32", "int8", "int16", "int32", "int64", "uint8"})
REVERSIBLE_TYPES = frozenset({"float32", "int32", "int64"})
"""Types in which the order can be turned round without loss, see `_turned`."""


@onnx_op("ArgMax", "ArgMin")
def arg_extreme(
    b: Builder, x: ir.Value, *, axis: int, keepdims: int, select_last_index: int | None, op_type: str
) -> ir.Value:
    """The first place of the extreme value, or the last (opset 12); int64."""
    shape = shape_of(x)
    along = resolve_axis(axis, len(shape))
    data = ordered(b, x) if dtype_of(x) == np.uint64 else carried(b, x, ARG_TYPES | {"int64"}, op_type, computes=True)
    if select_last_index:
        data = b.emit("REVERSE_V2", [data, b.ints([along])], shape=shape, dtype=dtype_of(data))
    place = _long_place(b, data, along, op_type) if dtype_of(data) == np.int64 else _place(b, data, along, op_type)
    if select_last_index:
        place = binary(b, "SUB", b.const(shape[along] - 1, np.int64), place)
    return reshape(b, place, (*shape[:along], 1, *shape[along + 1 :])) if keepdims else place


@onnx_op("TopK")
def top_k_1(b: Builder, x: ir.Value, *, axis: int, k: int) -> Sequence[ir.Value]:
    """`k` as an attribute."""
    return _top_k(b, x, k, axis, largest=True)


@onnx_op("TopK", since=10, note="sorted even when not asked for")
def top_k_10(
    b: Builder,
    x: ir.Value,
    k: ir.Value,
    *,
    axis: int,
    largest: int | None,
    sorted: int | None,  # noqa: A002
) -> Sequence[ir.Value]:
    """`k` as an input, smallest ones from opset 11 on. Of equal values the one with the lower index comes first."""
    count = constant_ints(k, "k")[0] if array_of(k) is not None else declared_shape(b)[axis]
    return _top_k(b, x, count, axis, largest=largest != 0)


def ordered_places(b: Builder, x: ir.Value, *, falling: bool = False) -> tuple[ir.Value, ir.Value]:
    """float32, int32 or int64 [N] in order, equal ones in the order they have; and where each was, int32."""
    data = x if falling else _turned(b, x)
    operands, shape = [data, b.const(shape_of(x)[0], "int32")], shape_of(x)
    values, places = b.emit_many("TOPK_V2", operands, outputs=[(shape, dtype_of(x)), (shape, np.int32)])
    return values if falling else _turned(b, values), places


def _place(b: Builder, x: ir.Value, axis: int, op_type: str) -> ir.Value:
    shape = shape_of(x)
    op = {"ArgMax": "ARG_MAX", "ArgMin": "ARG_MIN"}[op_type]
    out = (*shape[:axis], *shape[axis + 1 :])
    return b.emit(op, [x, b.const(axis, "int32")], shape=out, dtype="int64", output_type="INT64")


def _long_place(b: Builder, x: ir.Value, axis: int, op_type: str) -> ir.Value:
    """ARG_MAX has no int64, TOPK_V2 has."""
    _, place = _top_k(b, x, 1, axis, largest=op_type == "ArgMax")
    shape = shape_of(x)
    return reshape(b, place, (*shape[:axis], *shape[axis + 1 :]))


def _top_k(b: Builder, x: ir.Value, k: int, axis: int, *, largest: bool) -> Sequence[ir.Value]:
    """The kernel takes the largest of the last axis."""
    if dtype_of(x) == np.uint64:
        values, places = _top_k(b, ordered(b, x), k, axis, largest=largest)
        return from_ordered(b, values), places
    rank = len(shape_of(x))
    along = resolve_axis(axis, rank)
    data = carried(b, x, TOPK_TYPES if largest else REVERSIBLE_TYPES, "TopK", computes=True)
    last = [position for position in range(rank) if position != along] + [along]
    data = transpose(b, data if largest else _turned(b, data), last)
    out = (*shape_of(data)[:-1], k)
    values, places = b.emit_many(
        "TOPK_V2", [data, b.const(k, "int32")], outputs=[(out, dtype_of(data)), (out, np.int32)]
    )
    back = [last.index(position) for position in range(rank)]
    values = cast(b, values if largest else _turned(b, values), dtype_of(x))
    return transpose(b, values, back), cast(b, transpose(b, places, back), np.int64)


def _turned(b: Builder, x: ir.Value) -> ir.Value:
    """Values in the opposite order, its own inverse: -x; for integers -1 - x, since the lowest has no -x."""
    if dtype_of(x).kind == "f":
        return unary(b, "NEG", x)
    return binary(b, "SUB", b.const(-1, dtype_of(x)), x)
