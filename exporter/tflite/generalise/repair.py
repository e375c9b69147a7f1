"""Gives every operator parameters that are right at all sizes: fixed ones, or computed at run time from shapes."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from portproof.exporter.tflite.generalise.data import GrowingData
from portproof.exporter.tflite.generalise.emit import SizeMaker
from portproof.exporter.tflite.generalise.fit import Atoms, Column, Expression, number
from portproof.exporter.tflite.generalise.observe import Observation, graphs
from portproof.exporter.tflite.generalise.refused import Refused
from portproof.exporter.tflite.values import Array, array_of, constant, is_run_time, set_attribute
from portproof.runtimes.dims import text_of

_MOST_NUMBERS = 64
"""Larger integer constants are data, not parameters."""
_LATE = frozenset(
    {
        *("RESHAPE", "BROADCAST_TO", "TILE", "FILL", "SLICE", "STRIDED_SLICE", "PAD", "PADV2", "MIRROR_PAD"),
        *("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "RANGE", "TRANSPOSE_CONV", "GATHER", "GATHER_ND", "ONE_HOT"),
        *("TOPK_V2", "SCATTER_ND", "CONCATENATION", "PACK", "CAST", "SELECT_V2", "WHILE"),
        *("ADD", "SUB", "MUL", "DIV", "FLOOR_DIV", "FLOOR_MOD", "MINIMUM", "MAXIMUM"),
        *("LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL", "EQUAL", "NOT_EQUAL"),
    }
)
"""Operators whose integer parameters may be computed at run time."""
_AS_FAR_AS_IT_GOES = -1
_BEYOND = 2**31 - 1
"""STRIDED_SLICE takes an end beyond the axis for that of the axis."""


def repair(seen: Observation) -> None:
    """Changes the first graph of `seen` into one that is right at all sizes.

    Raises:
        Refused: what of it cannot be, all of it.
    """
    refused = Refused()
    for graph in list(graphs(seen.model.graph)):
        _Repair(seen, graph, refused).run()
    refused.raise_if_any()


class _Repair:
    """One graph; what a loop runs is a graph of its own, with sizes of its own inputs."""

    def __init__(self, seen: Observation, graph: ir.Graph, refused: Refused) -> None:
        self.seen = seen
        self.graph = graph
        self.refused = refused
        self.atoms = Atoms()
        self.sizes = SizeMaker(graph)
        self.inputs = list(graph.inputs)

    def run(self) -> None:
        for value in self.inputs:
            self.atoms.add(value, self.seen.shapes[value])
        for node in list(self.graph):
            self._attributes(node)
            for index in range(len(node.inputs)):
                if (node, index) in self.seen.constants:
                    self._constant(node, index, self.seen.constants[node, index])
            for value in node.outputs:
                self.atoms.add(value, self.seen.shapes[value])

    def _attributes(self, node: ir.Node) -> None:
        for name in list(node.attributes):
            if (node, name) in self.seen.attributes:
                if (node.op_type, name) == ("RESHAPE", "new_shape"):  # the operand says it as well
                    del node.attributes[name]
                else:
                    self.refused.add(node, f"its {name} is fixed in the file, and depends on the size")

    def _constant(self, node: ir.Node, index: int, arrays: Sequence[Array]) -> None:
        if len({array.shape for array in arrays}) > 1:
            GrowingData(self.seen, self.sizes, self.fit).replace(node, index, arrays, self.refused)
        elif arrays[0].dtype.kind not in "iu" or arrays[0].size > _MOST_NUMBERS:
            self._numbers(node, index, arrays)
        elif node.op_type not in _LATE:
            self.refused.add(node, "it takes only fixed parameters, and one depends on the size")
        else:
            self._parameter(node, index, arrays)

    def _numbers(self, node: ir.Node, index: int, arrays: Sequence[Array]) -> None:
        """Real numbers that depend on the size: one that is a size, in another type, is computed."""
        whole = [np.rint(array) for array in arrays]
        if arrays[0].size == 1 and all(np.array_equal(a, w) for a, w in zip(arrays, whole, strict=True)):
            self._parameter(node, index, [array.astype(np.int64) for array in whole], arrays[0].dtype)
        else:
            self.refused.add(node, "it computes with numbers that depend on the size in no simple way")

    def _parameter(
        self,
        node: ir.Node,
        index: int,
        arrays: Sequence[Array],
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        columns = list(zip(*(array.reshape(-1).tolist() for array in arrays), strict=True))
        wanted = self._wanted(node, index, columns)
        if None in wanted:
            self.refused.add(node, _no_formula(columns, wanted, self.seen))
            return
        known = [expression for expression in wanted if expression is not None]
        if all(expression.is_number for expression in known):
            fixed = np.array([expression.offset for expression in known], arrays[0].dtype).reshape(arrays[0].shape)
            node.replace_input_with(index, constant(fixed))
            if node.op_type == "RESHAPE":
                set_attribute(node, "new_shape", [int(size) for size in fixed])
            return
        made = self.sizes.like(node, known, arrays[0].shape, dtype or arrays[0].dtype)
        node.replace_input_with(index, made)

    def fit(self, node: ir.Node, column: Column) -> Expression | None:
        """An expression for a number that `node` needs, of sizes known before it."""
        own = [value for value in node.inputs if value is not None and is_run_time(value)]
        near = [shape for value in (*self.inputs, *own) if value in self.seen.shapes for shape in self._columns(value)]
        return self.atoms.fit(column, near)

    def _columns(self, value: ir.Value) -> list[Column]:
        return [column for column in zip(*self.seen.shapes[value], strict=True) if len(set(column)) > 1]

    def _wanted(self, node: ir.Node, index: int, columns: Sequence[Column]) -> list[Expression | None]:
        wanted = [self.fit(node, column) for column in columns]
        if node.op_type == "RESHAPE":
            return _with_one_left_open(wanted)
        if node.op_type == "SLICE" and index == 2:
            return [
                number(_AS_FAR_AS_IT_GOES) if self._to_the_end(node, axis, column) else expression
                for axis, (column, expression) in enumerate(zip(columns, wanted, strict=True))
            ]
        if node.op_type == "STRIDED_SLICE" and index == 2:
            return [
                number(_BEYOND) if self._past_the_last(node, axis, column) else expression
                for axis, (column, expression) in enumerate(zip(columns, wanted, strict=True))
            ]
        return wanted

    def _past_the_last(self, node: ir.Node, axis: int, column: Column) -> bool:
        """Whether a STRIDED_SLICE ends at the last step that fits, along an axis whose size depends on the witness."""
        data, strides = node.inputs[0], array_of(node.inputs[3])
        if data not in self.seen.shapes or strides is None or strides[axis] < 1:
            return False
        sizes = [shape[axis] for shape in self.seen.shapes[data]]
        return len(set(sizes)) > 1 and all(0 <= n - end < strides[axis] for n, end in zip(sizes, column, strict=True))

    def _to_the_end(self, node: ir.Node, axis: int, column: Column) -> bool:
        """Whether a SLICE takes all from its beginning on, along an axis whose size depends on the witness."""
        data, begin = node.inputs[0], array_of(node.inputs[1])
        begins = self.seen.constants.get((node, 1), [] if begin is None else [begin] * len(column))
        if data not in self.seen.shapes or not begins:
            return False
        starts = [int(array.reshape(-1)[axis]) for array in begins]
        sizes = [shape[axis] for shape in self.seen.shapes[data]]
        return len(set(sizes)) > 1 and all(a + n == size for a, n, size in zip(starts, column, sizes, strict=True))


def _with_one_left_open(wanted: Sequence[Expression | None]) -> list[Expression | None]:
    """RESHAPE finds one size by itself: the one that is hardest to compute."""
    cost = [100 if expression is None else expression.cost for expression in wanted]
    hardest = max(range(len(wanted)), key=cost.__getitem__, default=0)
    return [
        number(_AS_FAR_AS_IT_GOES) if place == hardest and cost[place] else expression
        for place, expression in enumerate(wanted)
    ]


def _no_formula(columns: Sequence[Column], wanted: Sequence[Expression | None], seen: Observation) -> str:
    column = next(column for column, expression in zip(columns, wanted, strict=True) if expression is None)
    rows = [f"{size} at {text_of(at)}" for size, at in zip(column, seen.sizes, strict=True)]
    return f"a parameter depends on the size by no formula that was found: {'; '.join(rows[:3])}"
