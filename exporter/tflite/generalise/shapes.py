"""The shapes that the tensors of a file with dynamic dimensions are written with, and their signatures."""

from collections.abc import Iterator, Mapping, Sequence

import onnx_ir as ir

from portproof.exporter.tflite.generalise.fit import Atoms, Axis, Column
from portproof.exporter.tflite.generalise.observe import Observation, computed, graphs
from portproof.exporter.tflite.values import shape_of
from portproof.exporter.tflite.writer.subgraph import SHAPE_SIGNATURE

_ROUNDING = 5
"""Elements by which the size of a tensor behind strided windows, or their padding, differs from a plain division."""


def mark(seen: Observation) -> None:
    """Notes on every tensor which of its sizes are known only when running.

    Without it kernels that compute from constants hold on to the first sizes.
    """
    for value in _dynamic(seen):
        varies = zip(seen.varies(value), shape_of(value), strict=True)
        value.meta[SHAPE_SIGNATURE] = tuple(-1 if dynamic else size for dynamic, size in varies)


def represent(seen: Observation, sizes: Mapping[str, int]) -> None:
    """Gives every tensor its shape at `sizes`, which a runtime has until it is told others.

    Where the size of a single tensor follows by no formula all keep the shapes that they were lowered with.
    """
    atoms, known, near = Atoms(), dict[Axis, int](), list[Column]()
    for value in seen.model.graph.inputs:
        atoms.add(value, seen.shapes[value])
    for column, axis in atoms.columns.items():
        name = next((name for name in sizes if column == tuple(at[name] for at in seen.sizes)), None)
        if name is None:
            return
        known[axis] = sizes[name]
        near.append(column)
    found: dict[ir.Value, list[int]] = {}
    for value in _dynamic(seen):
        shape = [_size(atoms, column, near, known) for column in zip(*seen.shapes[value], strict=True)]
        if min(shape, default=1) < 1:
            return
        found[value] = shape
    for value, shape in found.items():
        value.shape = ir.Shape(shape)


def _size(atoms: Atoms, column: Column, near: Sequence[Column], known: Mapping[Axis, int]) -> int:
    """What the column becomes at the sizes known; 0 where that does not follow."""
    expression = atoms.fit(column, near)
    if expression is not None:
        return expression.at(known)
    for have, axis in atoms.columns.items():  # about: a runtime counts again when it plans its memory
        scale = round(max(have) / max(column))
        if scale > 1 and all(abs(h / scale - c) < _ROUNDING for h, c in zip(have, column, strict=True)):
            return max(-(-known[axis] // scale), 1)
    return 0


def _dynamic(seen: Observation) -> Iterator[ir.Value]:
    for graph in graphs(seen.model.graph):
        for value in computed(graph):
            if value in seen.shapes and any(seen.varies(value)):
                yield value
