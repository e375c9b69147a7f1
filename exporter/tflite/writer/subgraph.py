"""One graph of the `tfl` dialect to one subgraph: one node is one operator, one value is one tensor."""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.integer.record import Quantization, quantization_of
from portproof.exporter.tflite.values import array_of, rank_of, shape_of
from portproof.exporter.tflite.writer.buffers import Buffers
from portproof.exporter.tflite.writer.options import fill
from portproof.exporter.tflite.writer.types import tensor_type
from portproof.exporter.tflite.writer.versions import operator_version
from portproof.runtimes.tflite_schema import schema

SHAPE_SIGNATURE = "shape_signature"
"""Where a value notes its shape as the file's signature has it: -1 for what is known only when running."""


class Subgraph:
    """Collects the tensors and operators of one graph.

    Args:
        graph: static shapes, topological order; it reads nothing from outside but constants.
        buffers: of the file.
        codes: the operators of the file by name and version, with their numbers; new ones are added.
        number_of: the number of the subgraph for a graph that an operator names (the body of a WHILE).

    Attributes:
        index: the number of each value's tensor.
        table: the `SubGraphT`, complete after `fill`.
    """

    def __init__(
        self,
        graph: ir.Graph,
        *,
        buffers: Buffers,
        codes: dict[tuple[str, int], int],
        number_of: Callable[[ir.Graph], int],
    ) -> None:
        self.graph = graph
        self.table = schema.SubGraphT()
        self.index: dict[ir.Value, int] = {}
        self._buffers = buffers
        self._codes = codes
        self._number_of = number_of
        self._tensors: list[Any] = []
        self._names: set[str] = set()
        self._repeats: dict[str, int] = {}

    def fill(self, name: str) -> None:
        """Fills the table; graphs that operators name get their numbers on the way."""
        self._reserve_names()
        self.table.name = name
        self.table.inputs = [self._tensor(value) for value in self.graph.inputs]
        self.table.operators = [self._operator(node) for node in self.graph]
        self.table.outputs = [self._tensor(value) for value in self.graph.outputs]
        self.table.tensors = self._tensors

    def _reserve_names(self) -> None:
        """Inputs and outputs keep their names; whatever else has the same name gets another."""
        self._names.update(value.name or "" for value in (*self.graph.inputs, *self.graph.outputs))

    def _tensor(self, value: ir.Value) -> int:
        if value in self.index:
            return self.index[value]
        table = schema.TensorT()
        table.name = self._name(value)
        table.shape = list(shape_of(value))
        table.shapeSignature = value.meta.get(SHAPE_SIGNATURE)
        table.hasRank = True
        table.type = tensor_type(value.dtype)
        table.quantization = _parameters(quantization_of(value))
        array = array_of(value)
        table.buffer = 0 if array is None else self._buffers.add(array)
        self.index[value] = len(self._tensors)
        self._tensors.append(table)
        return self.index[value]

    def _name(self, value: ir.Value) -> str:
        if value.is_graph_input() or value.is_graph_output():
            return value.name or ""
        name = base = value.name or _derived_name(value)
        while name in self._names:
            self._repeats[base] = self._repeats.get(base, 0) + 1
            name = f"{base}_{self._repeats[base]}"
        self._names.add(name)
        return name

    def _operator(self, node: ir.Node) -> Any:
        table = schema.OperatorT()
        key = (node.op_type, operator_version(node))
        table.opcodeIndex = self._codes.setdefault(key, len(self._codes))
        table.inputs = [-1 if value is None else self._tensor(value) for value in node.inputs]
        table.outputs = [self._tensor(value) for value in node.outputs]
        fill(node, table, self._number_of)
        return table


def _parameters(found: Quantization | None) -> Any:
    if found is None:
        return None
    table = schema.QuantizationParametersT()
    table.scale = np.array(found.scales, np.float32)
    table.zeroPoint = np.array(found.zero_points, np.int64)
    table.quantizedDimension = found.axis
    return table


def _derived_name(value: ir.Value) -> str:
    """A name for a tensor that ONNX does not have, made of the value it leads to."""
    node = value.producer()
    if node is None:
        return f"const_rank{rank_of(value)}"
    return f"{node.op_type.lower()}"
