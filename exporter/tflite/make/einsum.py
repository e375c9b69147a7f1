"""Einstein sums of two operands: one product of matrices between transposes and reshapes."""

import math
from collections.abc import Sequence

import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, reduce
from portproof.exporter.tflite.make.matmul import matmul
from portproof.exporter.tflite.make.movement import every, reshape, transpose
from portproof.exporter.tflite.make.widened import NUMBERS, widened
from portproof.exporter.tflite.values import rank_of, shape_of

Labels = str
"""One letter for each axis of a tensor, no letter twice."""


def sum_out(b: Builder, x: ir.Value, labels: Labels, keep: str) -> tuple[ir.Value, Labels]:
    """`x` summed over the axes whose letter is not in `keep`."""
    axes = [axis for axis, letter in enumerate(labels) if letter not in keep]
    if not axes:
        return x, labels
    total = widened(b, NUMBERS, [x], lambda p: reduce(b, "SUM", p, axes, keepdims=False))
    return total, "".join(letter for letter in labels if letter in keep)


def diagonal(b: Builder, x: ir.Value, labels: str) -> tuple[ir.Value, Labels]:
    """`x` with one axis for each letter: where a letter stands twice, the entries that have one index on both.

    Raises:
        Refusal: two axes of one letter differ in size.
    """
    for letter in labels:
        while labels.count(letter) > 1:
            first, second = [axis for axis, other in enumerate(labels) if other == letter][:2]
            size = shape_of(x)[first]
            if shape_of(x)[second] != size:
                raise Refusal(f"axes {letter} of sizes {size} and {shape_of(x)[second]} have no diagonal")
            rest = [axis for axis in range(len(labels)) if axis not in (first, second)]
            kept = [shape_of(x)[axis] for axis in rest]
            flat = reshape(b, transpose(b, x, [*rest, first, second]), [*kept, size * size])
            x = every(b, flat, len(kept), start=0, step=size + 1, count=size)
            labels = "".join(labels[axis] for axis in rest) + letter
    return x, labels


def permuted(b: Builder, x: ir.Value, labels: Labels, wanted: Labels) -> ir.Value:
    """The axes of `x` in the order `wanted`, which has the same letters."""
    return transpose(b, x, [labels.index(letter) for letter in wanted])


def contract(
    b: Builder, x: ir.Value, x_labels: Labels, y: ir.Value, y_labels: Labels, keep: str
) -> tuple[ir.Value, Labels]:
    """The product of `x` and `y` over shared letters, summed over those not in `keep`; and the result's letters.

    Axes of size 1 broadcast against a longer axis of the same letter.
    """
    x, x_labels = sum_out(b, x, x_labels, keep + y_labels)
    y, y_labels = sum_out(b, y, y_labels, keep + x_labels)
    shared = [letter for letter in x_labels if letter in y_labels]
    summed = "".join(letter for letter in shared if letter not in keep)
    if not summed or _broadcasts(x, x_labels, y, y_labels, summed):
        product, labels = _elementwise(b, x, x_labels, y, y_labels)
        return sum_out(b, product, labels, keep)
    batch = "".join(letter for letter in shared if letter in keep)
    return _as_matrices(b, x, x_labels, y, y_labels, batch, summed)


def _sizes(x: ir.Value, labels: Labels) -> dict[str, int]:
    return dict(zip(labels, shape_of(x), strict=True))


def _broadcasts(x: ir.Value, x_labels: Labels, y: ir.Value, y_labels: Labels, letters: str) -> bool:
    left, right = _sizes(x, x_labels), _sizes(y, y_labels)
    return any(left[letter] != right[letter] for letter in letters)


def _elementwise(b: Builder, x: ir.Value, x_labels: Labels, y: ir.Value, y_labels: Labels) -> tuple[ir.Value, Labels]:
    """All letters as axes of both, those a tensor lacks of size 1."""
    labels = x_labels + "".join(letter for letter in y_labels if letter not in x_labels)
    operands = [_spread(b, value, have, labels) for value, have in ((x, x_labels), (y, y_labels))]
    return widened(b, NUMBERS, operands, lambda p, q: binary(b, "MUL", p, q)), labels


def _spread(b: Builder, x: ir.Value, labels: Labels, wanted: Labels) -> ir.Value:
    ordered = permuted(b, x, labels, "".join(letter for letter in wanted if letter in labels))
    sizes = _sizes(x, labels)
    return reshape(b, ordered, [sizes.get(letter, 1) for letter in wanted])


def _as_matrices(
    b: Builder, x: ir.Value, x_labels: Labels, y: ir.Value, y_labels: Labels, batch: str, summed: str
) -> tuple[ir.Value, Labels]:
    """Rows: what only x has; columns: what only y has; batch axes stay apart, they may broadcast."""
    rows = "".join(letter for letter in x_labels if letter not in y_labels)
    columns = "".join(letter for letter in y_labels if letter not in x_labels)
    left = _grouped(b, permuted(b, x, x_labels, batch + rows + summed), len(batch), [len(rows), len(summed)])
    right = _grouped(b, permuted(b, y, y_labels, batch + summed + columns), len(batch), [len(summed), len(columns)])
    product = matmul(b, left, right)
    left_sizes, right_sizes = _sizes(x, x_labels), _sizes(y, y_labels)
    free = [*(left_sizes[letter] for letter in rows), *(right_sizes[letter] for letter in columns)]
    return reshape(b, product, [*shape_of(product)[: len(batch)], *free]), batch + rows + columns


def _grouped(b: Builder, x: ir.Value, start: int, counts: Sequence[int]) -> ir.Value:
    """From axis `start` on, each run of as many axes as `counts` says as one."""
    shape = shape_of(x)
    merged = list(shape[:start])
    for count in counts:
        merged.append(math.prod(shape[start : start + count]))
        start += count
    if start != rank_of(x):
        raise ValueError(f"{counts} axes do not cover rank {rank_of(x)}")
    return reshape(b, x, merged)
