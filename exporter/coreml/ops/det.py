"""Det: the determinant of small matrices, by minors."""

from itertools import combinations

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary
from portproof.exporter.coreml.make.movement import box, reshape
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, rank_of, shape_of
from portproof.exporter.lowering.refusal import Refusal

_LARGEST = 4
"""Of 5 x 5 there are 70 products whose rounding errors add up; MIL has nothing that pivots."""

Columns = tuple[int, ...]
Minors = dict[Columns, Var]


@onnx_op("Det", since=11, note=f"matrices up to {_LARGEST} x {_LARGEST}")
def det(b: Builder, x: Var) -> Var:
    """x: [..., n, n]; minors of the last k rows from those of the last k - 1 (Laplace), each computed once."""
    size, rank = shape_of(x)[-1], rank_of(x)
    if size > _LARGEST:
        raise Refusal(f"determinants of {size} x {size} matrices need pivoting", "compute it outside of the model")
    rows = [box(b, x, rank - 2, row, 1) for row in range(size)]
    minors: Minors = {(column,): box(b, rows[-1], rank - 1, column, 1) for column in range(size)}
    for row in reversed(range(size - 1)):
        entries = [box(b, rows[row], rank - 1, column, 1) for column in range(size)]
        minors = {columns: _expand(b, entries, columns, minors) for columns in combinations(range(size), size - row)}
    return reshape(b, minors[tuple(range(size))], shape_of(x)[:-2])


def _expand(b: Builder, entries: list[Var], columns: Columns, minors: Minors) -> Var:
    """The minor of `columns` along its first row."""
    without = [tuple(other for other in columns if other != column) for column in columns]
    terms = [binary(b, "mul", entries[column], minors[rest]) for column, rest in zip(columns, without, strict=True)]
    total = terms[0]
    for sign, term in enumerate(terms[1:]):
        total = binary(b, "add" if sign % 2 else "sub", total, term)
    return total
