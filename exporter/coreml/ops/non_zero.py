"""NonZero and Compress: results whose size depends on the data."""

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.movement import gather, reshape, transpose
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, array_of, rank_of
from portproof.exporter.lowering.axes import resolve_axis


@onnx_op("NonZero", since=9, note="of a scalar: constant only; where nothing is chosen the result cannot be read")
def non_zero(b: Builder, x: Var) -> Var:
    """The indices of what is not zero, one column each; MIL has one row each."""
    array = array_of(x)
    if array is not None:
        return b.const(np.array(np.nonzero(np.atleast_1d(array)), np.int32))
    x = reshape(b, x, (1,)) if not rank_of(x) else x
    return transpose(b, b.emit("non_zero", x=x), (1, 0))


@onnx_op("Compress", since=9, note="where nothing is chosen the result cannot be read")
def compress(b: Builder, x: Var, condition: Var, *, axis: int | None) -> Var:
    """The entries along `axis`, of the flattened data without it, for which the condition holds."""
    data = reshape(b, x, (-1,)) if axis is None else x
    along = 0 if axis is None else resolve_axis(axis, rank_of(x))
    chosen = array_of(condition)
    if chosen is not None:
        return gather(b, data, np.flatnonzero(chosen), along)
    return gather(b, data, b.emit("squeeze", x=b.emit("non_zero", x=condition), axes=[1]), along)
