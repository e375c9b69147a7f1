"""Sizes computed at run time: the operators that make an expression, put in front of the one that needs it."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.generalise.fit import Axis, Expression
from portproof.exporter.tflite.make.arithmetic import binary, cast
from portproof.exporter.tflite.make.movement import concat, reshape
from portproof.exporter.tflite.values import rank_of

_WHOLE = {"begin_mask": 0, "end_mask": 0, "ellipsis_mask": 0, "new_axis_mask": 0, "shrink_axis_mask": 0}


class SizeMaker:
    """Makes each size of a graph once: the first that needs it comes first.

    Shapes are int32; LiteRT knows them as soon as the inputs have their sizes, and arithmetic on them too, so that what
    depends on them is planned before anything runs.

    Attributes:
        graph: where the operators are put.
    """

    def __init__(self, graph: ir.Graph) -> None:
        self.graph = graph
        self._made: dict[object, ir.Value] = {}

    def vector(self, before: ir.Node, wanted: Sequence[Expression]) -> ir.Value:
        """The sizes as an int32 tensor of rank 1, computed before a node."""
        b = Builder(0)
        b.source = before
        key = tuple(wanted)
        if key not in self._made:
            parts = [self._part(b, part) for part in _parts(wanted)]
            self._made[key] = parts[0] if len(parts) == 1 else concat(b, parts, 0)
        for node in b.nodes:
            self.graph.insert_before(before, node)
        return self._made[key]

    def _part(self, b: Builder, part: Sequence[Expression]) -> ir.Value:
        if part[0].is_number:
            return b.ints(expression.offset for expression in part)
        if _is_axis(part[0]):
            return self._axes(b, [expression.factors[0] for expression in part])
        return self._computed(b, part[0])

    def _axes(self, b: Builder, axes: Sequence[Axis]) -> ir.Value:
        """Neighbouring axes of one tensor."""
        value, first, end = axes[0].value, axes[0].axis, axes[-1].axis + 1
        if value not in self._made:
            self._made[value] = b.emit("SHAPE", [value], shape=(rank_of(value),), dtype=np.int32, out_type="INT32")
        if end - first == rank_of(value):
            return self._made[value]
        key = (value, first, end)
        if key not in self._made:
            operands = [self._made[value], b.ints([first]), b.ints([end]), b.ints([1])]
            self._made[key] = b.emit("STRIDED_SLICE", operands, shape=(end - first,), dtype=np.int32, **_WHOLE)
        return self._made[key]

    def _computed(self, b: Builder, wanted: Expression) -> ir.Value:
        if wanted in self._made:
            return self._made[wanted]
        result = self._axes(b, wanted.factors[:1])
        for axis in wanted.factors[1:]:
            result = binary(b, "MUL", result, self._axes(b, [axis]))
        for op, operand, nothing in (
            ("MUL", wanted.scale, 1),
            ("ADD", wanted.offset, 0),
            ("FLOOR_DIV", wanted.divisor, 1),
        ):
            if operand != nothing:
                result = binary(b, op, result, b.ints([operand]))
        self._made[wanted] = result
        return result

    def like(
        self, before: ir.Node, wanted: Sequence[Expression], shape: Sequence[int], dtype: npt.DTypeLike
    ) -> ir.Value:
        """The sizes as a tensor of any shape and type."""
        value = self.vector(before, wanted)
        b = Builder(0)
        b.source = before
        value = cast(b, reshape(b, value, shape), dtype)
        for node in b.nodes:
            self.graph.insert_before(before, node)
        return value


def _is_axis(wanted: Expression) -> bool:
    return len(wanted.factors) == 1 and wanted == Expression(factors=wanted.factors)


def _parts(wanted: Sequence[Expression]) -> list[list[Expression]]:
    """Runs that one tensor can hold: numbers, or neighbouring axes of one tensor."""
    parts: list[list[Expression]] = []
    for expression in wanted:
        if parts and _continues(parts[-1][-1], expression):
            parts[-1].append(expression)
        else:
            parts.append([expression])
    return parts


def _continues(last: Expression, here: Expression) -> bool:
    if last.is_number or here.is_number:
        return last.is_number and here.is_number
    if not (_is_axis(last) and _is_axis(here)):
        return False
    one, two = last.factors[0], here.factors[0]
    return one.value is two.value and two.axis == one.axis + 1
