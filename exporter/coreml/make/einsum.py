"""Einstein sums of two operands: one product of matrices between transposes and reshapes."""

import math
from collections.abc import Sequence

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary
from portproof.exporter.coreml.make.movement import gather, reshape, transpose
from portproof.exporter.coreml.values import MOST_AXES, Var, shape_of
from portproof.exporter.lowering.refusal import Refusal

Labels = str
"""One letter for each axis of a tensor, no letter twice."""


def sum_out(b: Builder, x: Var, labels: Labels, keep: str) -> tuple[Var, Labels]:
    """`x` summed over the axes whose letter is not in `keep`."""
    axes = [axis for axis, letter in enumerate(labels) if letter not in keep]
    if not axes:
        return x, labels
    total = b.emit("reduce_sum", x=x, axes=axes, keep_dims=False)
    return total, "".join(letter for letter in labels if letter in keep)


def diagonal(b: Builder, x: Var, labels: str) -> tuple[Var, Labels]:
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
            x = gather(b, flat, np.arange(size) * (size + 1), len(kept))
            labels = "".join(labels[axis] for axis in rest) + letter
    return x, labels


def permuted(b: Builder, x: Var, labels: Labels, wanted: Labels) -> Var:
    """The axes of `x` in the order `wanted`, which has the same letters."""
    return transpose(b, x, [labels.index(letter) for letter in wanted])


def contract(b: Builder, x: Var, x_labels: Labels, y: Var, y_labels: Labels, keep: str) -> tuple[Var, Labels]:
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


def _sizes(x: Var, labels: Labels) -> dict[str, int]:
    return dict(zip(labels, shape_of(x), strict=True))


def _broadcasts(x: Var, x_labels: Labels, y: Var, y_labels: Labels, letters: str) -> bool:
    left, right = _sizes(x, x_labels), _sizes(y, y_labels)
    return any(left[letter] != right[letter] for letter in letters)


def _elementwise(b: Builder, x: Var, x_labels: Labels, y: Var, y_labels: Labels) -> tuple[Var, Labels]:
    """All letters as axes of both, those a tensor lacks of size 1."""
    labels = x_labels + "".join(letter for letter in y_labels if letter not in x_labels)
    if len(labels) > MOST_AXES:
        raise Refusal(f"a product over {len(labels)} axes, and Core ML has tensors of at most {MOST_AXES}")
    return binary(b, "mul", *(_spread(b, *pair, labels) for pair in ((x, x_labels), (y, y_labels)))), labels


def _spread(b: Builder, x: Var, labels: Labels, wanted: Labels) -> Var:
    ordered = permuted(b, x, labels, "".join(letter for letter in wanted if letter in labels))
    sizes = _sizes(x, labels)
    return reshape(b, ordered, [sizes.get(letter, 1) for letter in wanted])


def _as_matrices(
    b: Builder, x: Var, x_labels: Labels, y: Var, y_labels: Labels, batch: str, summed: str
) -> tuple[Var, Labels]:
    """Rows: what only x has; columns: what only y has; batch axes stay apart, they may broadcast."""
    rows = "".join(letter for letter in x_labels if letter not in y_labels)
    columns = "".join(letter for letter in y_labels if letter not in x_labels)
    left = _grouped(b, permuted(b, x, x_labels, batch + rows + summed), len(batch), [len(rows), len(summed)])
    right, turned = _right(b, y, y_labels, batch, summed, columns)
    product = b.emit("matmul", x=left, y=right, transpose_x=False, transpose_y=turned)
    left_sizes, right_sizes = _sizes(x, x_labels), _sizes(y, y_labels)
    free = [*(left_sizes[letter] for letter in rows), *(right_sizes[letter] for letter in columns)]
    return reshape(b, product, [*shape_of(product)[: len(batch)], *free]), batch + rows + columns


def _right(b: Builder, y: Var, labels: Labels, batch: str, summed: str, columns: str) -> tuple[Var, bool]:
    """The right matrices, or their transposes where `y` has its axes in that order already."""
    turned = labels == batch + columns + summed
    order, counts = (columns, summed) if turned else (summed, columns), len(batch)
    return _grouped(b, permuted(b, y, labels, batch + "".join(order)), counts, [len(part) for part in order]), turned


def _grouped(b: Builder, x: Var, start: int, counts: Sequence[int]) -> Var:
    """From axis `start` on, each run of as many axes as `counts` says as one."""
    shape = shape_of(x)
    merged = list(shape[:start])
    for count in counts:
        merged.append(math.prod(shape[start : start + count]))
        start += count
    return reshape(b, x, merged)
