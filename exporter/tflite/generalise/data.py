"""Constants that grow with a size (masks, positions, initial states): made once, filled or cut at run time."""

from collections.abc import Callable, Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.generalise.emit import SizeMaker
from portproof.exporter.tflite.generalise.fit import Column, Expression
from portproof.exporter.tflite.generalise.observe import Observation
from portproof.exporter.tflite.generalise.refused import Refused
from portproof.exporter.tflite.values import Array, constant

Fit = Callable[[ir.Node, Column], Expression | None]
_BROADCASTS = frozenset(
    {
        *("ADD", "SUB", "MUL", "DIV", "MINIMUM", "MAXIMUM", "SELECT_V2", "LOGICAL_AND", "LOGICAL_OR"),
        *("LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL", "EQUAL", "NOT_EQUAL"),
    }
)
"""Elementwise operators: an operand of size 1 along an axis does for any size."""


class GrowingData:
    """Replaces a constant whose shape depends on the size.

    Args:
        seen: the witnesses.
        sizes: makes sizes of the graph at run time.
        fit: finds an expression for a number that an operator needs.
    """

    def __init__(self, seen: Observation, sizes: SizeMaker, fit: Fit) -> None:
        self.seen = seen
        self.sizes = sizes
        self.fit = fit

    def replace(self, node: ir.Node, index: int, arrays: Sequence[Array], refused: Refused) -> None:
        """Gives `node` a tensor in its place that is right at every size, or notes why there is none."""
        if len({array.ndim for array in arrays}) > 1:
            refused.add(node, "a constant has another rank at another size")
            return
        repeated = [axis for axis in _growing(arrays) if all(_repeats(array, axis) for array in arrays)]
        cores = [
            array[tuple(slice(0, 1) if a in repeated else slice(None) for a in range(array.ndim))] for array in arrays
        ]
        if not all(_agree(cores[-1], core) for core in cores):
            refused.add(node, "it computes with a constant that is another one at each size")
            return
        if not self._is_covered(cores):
            refused.add(node, "it computes with a constant that shrinks as a size grows")
            return
        if not self._is_bounded(node, cores):
            free = [f"{name}:1..512" for name in self.seen.sizes[0] if name not in self.seen.bounded]
            hint = f"Give it an upper limit, so that the constant can be made for that: {', '.join(free)}; or pin it."
            refused.add(node, "it computes with a constant that grows without limit", hint)
            return
        # The last witness is at the largest sizes; others may be beyond a narrow range.
        self._put(node, index, arrays, cores, cores[-1], repeated, refused)

    def _is_covered(self, cores: Sequence[Array]) -> bool:
        """Whether the constant of the last witness is large enough for all sizes up to those of that witness."""
        top = self.seen.sizes[-1]
        inside = [all(at[name] <= top[name] for name in top) for at in self.seen.sizes]
        return all(
            size <= most
            for core, within in zip(cores, inside, strict=True)
            if within
            for size, most in zip(core.shape, cores[-1].shape, strict=True)
        )

    def _is_bounded(self, node: ir.Node, cores: Sequence[Array]) -> bool:
        """Whether the constant grows with dimensions alone that have a limit."""
        everything = len(self.seen.bounded) == len(self.seen.sizes[0])
        grown = [[core.shape[axis] for core in cores] for axis in _growing(cores)]
        return all(everything or self._has_limit(node, sizes) for sizes in grown)

    def _has_limit(self, node: ir.Node, column: Sequence[int]) -> bool:
        """Whether a size is made of dimensions alone that have a limit."""
        expression = self.fit(node, tuple(column))
        made_of = () if expression is None else expression.factors
        dims = [self.seen.dim_of([shape[a.axis] for shape in self.seen.shapes[a.value]]) for a in made_of]
        return bool(dims) and all(name in self.seen.bounded for name in dims)

    def _put(
        self,
        node: ir.Node,
        index: int,
        arrays: Sequence[Array],
        cores: Sequence[Array],
        largest: Array,
        repeated: Sequence[int],
        refused: Refused,
    ) -> None:
        cut = _growing(cores)
        wanted = [self.fit(node, column) for column in zip(*(array.shape for array in arrays), strict=True)]
        if None in wanted:
            refused.add(node, "the size of a constant depends on the dimensions by no formula that was found")
            return
        known = [expression for expression in wanted if expression is not None]
        broadcasts = node.op_type in _BROADCASTS and not self._gives_shape(node, index, arrays)
        b = Builder(0)
        b.source = node
        shape, value = arrays[0].shape, constant(largest)
        inner = tuple(1 if axis in repeated else size for axis, size in enumerate(shape))
        if cut:
            from_core = [Expression(scale=0, offset=1) if a in repeated else e for a, e in enumerate(known)]
            size = self.sizes.vector(node, from_core)
            value = b.emit("SLICE", [value, b.ints([0] * len(shape)), size], shape=inner, dtype=largest.dtype)
            self.seen.shapes[value] = [core.shape for core in cores]
        if repeated and not broadcasts:
            value = self._repeat(b, node, value, largest, known, shape)
            self.seen.shapes[value] = [array.shape for array in arrays]
        for made in b.nodes:
            self.sizes.graph.insert_before(node, made)
        node.replace_input_with(index, value)

    def _repeat(
        self,
        b: Builder,
        node: ir.Node,
        value: ir.Value,
        largest: Array,
        known: Sequence[Expression],
        shape: Sequence[int],
    ) -> ir.Value:
        dims = self.sizes.vector(node, known)
        if (largest == largest.flat[0]).all():
            return b.emit("FILL", [dims, constant(largest.reshape(-1)[0])], shape=shape, dtype=largest.dtype)
        return b.emit("BROADCAST_TO", [value, dims], shape=shape, dtype=largest.dtype)

    def _gives_shape(self, node: ir.Node, index: int, arrays: Sequence[Array]) -> bool:
        """Whether the result has its shape from this operand, along an axis in which the others have size 1."""
        others = [
            [array.shape for array in self.seen.constants[node, place]]
            if (node, place) in self.seen.constants
            else self.seen.shapes.get(value) or [tuple(value.shape.numpy())] * len(arrays)
            for place, value in enumerate(node.inputs)
            if place != index and value is not None and value.shape is not None
        ]
        results = self.seen.shapes[node.outputs[0]]
        without = [np.broadcast_shapes(*shapes) if shapes else () for shapes in zip(*others, strict=True)]
        return any(tuple(found) != tuple(result) for found, result in zip(without, results, strict=True))


def _growing(arrays: Sequence[Array]) -> list[int]:
    """The axes whose size is not the same everywhere."""
    return [
        axis for axis, column in enumerate(zip(*(array.shape for array in arrays), strict=True)) if len(set(column)) > 1
    ]


def _repeats(array: Array, axis: int) -> bool:
    """Whether all entries along an axis are equal."""
    return bool((array == array.take([0], axis)).all())


def _agree(one: Array, other: Array) -> bool:
    """Whether two constants are the same as far as both go."""
    both = tuple(slice(0, min(sizes)) for sizes in zip(one.shape, other.shape, strict=True))
    return np.array_equal(one[both], other[both])
