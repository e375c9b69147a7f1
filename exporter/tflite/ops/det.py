"""Det: the determinant of small matrices, by minors."""

from collections.abc import Callable
from itertools import combinations

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast
from portproof.exporter.tflite.make.floats import as_float32
from portproof.exporter.tflite.make.movement import reshape, slice_
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import dtype_of, rank_of, shape_of

_LARGEST = 4
"""Of 5 x 5 there are 70 products whose rounding errors add up; TFLite has no pivoting."""

Columns = tuple[int, ...]
Entry = Callable[[int, int], ir.Value]


@onnx_op("Det", since=11, note=f"matrices up to {_LARGEST} x {_LARGEST}")
def det(b: Builder, x: ir.Value) -> ir.Value:
    """x: [..., n, n]; minors of the last k rows from those of the last k - 1 (Laplace), each computed once."""
    size, rank = shape_of(x)[-1], rank_of(x)
    if size > _LARGEST:
        raise Refusal(f"determinants of {size} x {size} matrices need pivoting", "compute it outside of the model")
    if size == 0:
        return b.const(np.ones(shape_of(x)[:-2], dtype_of(x)))
    data = as_float32(b, x, "Det")
    batch = shape_of(x)[:-2]

    def entry(row: int, column: int) -> ir.Value:
        return slice_(b, data, [0] * (rank - 2) + [row, column], (*batch, 1, 1))

    minors: dict[Columns, ir.Value] = {(column,): entry(size - 1, column) for column in range(size)}
    for row in reversed(range(size - 1)):
        taken = combinations(range(size), size - row)
        minors = {columns: _expand(b, row, columns, entry, minors) for columns in taken}
    return cast(b, reshape(b, minors[tuple(range(size))], batch), dtype_of(x))


def _expand(b: Builder, row: int, columns: Columns, entry: Entry, minors: dict[Columns, ir.Value]) -> ir.Value:
    """The minor of `columns` along its first row."""
    without = [tuple(other for other in columns if other != column) for column in columns]
    terms = [binary(b, "MUL", entry(row, column), minors[rest]) for column, rest in zip(columns, without, strict=True)]
    total = terms[0]
    for sign, term in enumerate(terms[1:]):
        total = binary(b, "ADD" if sign % 2 else "SUB", total, term)
    return total
