"""Choice by a condition: Where and Trilu."""

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary, select
from portproof.exporter.coreml.make.movement import reshape
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, array_of, ints_of, rank_of, shape_of


@onnx_op("Where", since=9)
def where(b: Builder, condition: Var, x: Var, y: Var) -> Var:
    """One operator, which broadcasts all three."""
    return select(b, condition, x, y)


@onnx_op("Trilu", since=14)
def trilu(b: Builder, x: Var, k: Var | None = None, *, upper: int) -> Var:
    """A choice by a constant mask: a product with it would turn the infinities of attention masks into NaN."""
    array = array_of(x)
    rows, columns = shape_of(x)[-2:]
    diagonals = (np.arange(columns) - np.arange(rows)[:, None]).reshape((1,) * (rank_of(x) - 2) + (rows, columns))
    if k is not None and array_of(k) is None:
        keep = "greater_equal" if upper else "less_equal"
        mask = binary(b, keep, b.const(diagonals, np.int32), reshape(b, k, ()))
        return select(b, mask, x, 0)
    diagonal = 0 if k is None else ints_of(k)[0]
    if array is not None:
        return b.const((np.triu if upper else np.tril)(array, diagonal))
    return select(b, b.const(diagonals >= diagonal if upper else diagonals <= diagonal), x, 0)
