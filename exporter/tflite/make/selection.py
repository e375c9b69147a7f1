"""Outputs whose size the data decide: what a mask chooses. The file's signature has -1 for such a size."""

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast
from portproof.exporter.tflite.unsupported import DATA_DEPENDENT, hint
from portproof.exporter.tflite.values import dtype_of, rank_of, shape_of
from portproof.exporter.tflite.writer.subgraph import SHAPE_SIGNATURE

_UNKNOWN = 2
"""What is written for a size that nothing tells: not 1, for which passes know short cuts."""


def open_size(b: Builder, index: int, axis: int) -> int:
    """The size that the model declares for an axis of an output, which the data decide when it runs.

    Where none is declared the output must be one of the graph, which nothing reads: others are written for a size.

    Raises:
        Refusal: there is none, and something reads the output.
    """
    if b.source is None:
        raise KeyError("no ONNX node is being lowered")
    if index >= len(b.source.outputs) or not b.source.outputs[index].name:
        return _UNKNOWN
    output = b.source.outputs[index]
    if output.shape is not None and output.shape.is_static():
        return shape_of(output)[axis]
    if output.consumers():
        raise Refusal(DATA_DEPENDENT, hint(b.source.op_type))
    return _UNKNOWN


def opened(value: ir.Value, axis: int) -> ir.Value:
    """`value`, with the size of an axis left open in the file's signature."""
    value.meta[SHAPE_SIGNATURE] = tuple(-1 if other == axis else size for other, size in enumerate(shape_of(value)))
    return value


def places(b: Builder, mask: ir.Value, count: int) -> ir.Value:
    """Where `mask`, booleans [N], holds: int64 [count] in rising order."""
    return columns(b, mask, count)[0]


def columns(b: Builder, mask: ir.Value, count: int) -> Sequence[ir.Value]:
    """Where `mask` holds, for each of its axes int64 [count]. No RESHAPE and TRANSPOSE, whose sizes passes fix."""
    rank = rank_of(mask)
    found = b.emit("WHERE", [mask], shape=(count, rank), dtype=np.int64)
    return [
        b.emit("GATHER", [found, b.const(axis, np.int32)], shape=(count,), dtype=np.int64, axis=1, batch_dims=0)
        for axis in range(rank)
    ]


def taken_at(b: Builder, x: ir.Value, where: ir.Value, axis: int) -> ir.Value:
    """Entries of `x` along a non-negative axis, at places that the data decide; the axis is left open."""
    shape: Sequence[int] = shape_of(x)
    out = (*shape[:axis], *shape_of(where), *shape[axis + 1 :])
    index = cast(b, where, np.int32)
    return opened(b.emit("GATHER", [x, index], shape=out, dtype=dtype_of(x), axis=axis, batch_dims=0), axis)
