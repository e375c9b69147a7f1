"""Pools over all spatial axes: reductions that keep their dimensions."""

import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast, reduce
from portproof.exporter.tflite.make.floats import as_float32
from portproof.exporter.tflite.make.norms import magnitude, root
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import dtype_of, rank_of

_REDUCTIONS = {"GlobalAveragePool": "MEAN", "GlobalMaxPool": "REDUCE_MAX"}


@onnx_op("GlobalAveragePool", "GlobalMaxPool", note="float32, float16")
def global_pool(b: Builder, x: ir.Value, *, op_type: str) -> ir.Value:
    """The mean or the maximum of each channel."""
    return cast(b, _over_space(b, _REDUCTIONS[op_type], as_float32(b, x, op_type)), dtype_of(x))


@onnx_op("GlobalLpPool", since=2, note="float32, float16")
def global_lp_pool(b: Builder, x: ir.Value, *, p: int) -> ir.Value:
    """(sum of |x|^p of each channel)^(1/p)."""
    powers = magnitude(b, as_float32(b, x, "GlobalLpPool"), p)
    return cast(b, root(b, _over_space(b, "SUM", powers), p), dtype_of(x))


def _over_space(b: Builder, op: str, x: ir.Value) -> ir.Value:
    axes = range(2, rank_of(x))
    return reduce(b, op, x, axes, keepdims=True) if axes else x
