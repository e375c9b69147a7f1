"""A graph of the `tfl` dialect to a `.tflite` file: one node is one operator, one value is one tensor."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import onnx_ir as ir

from portproof.exporter.tflite.values import array_of, rank_of, shape_of
from portproof.exporter.tflite.writer.buffers import Buffers
from portproof.exporter.tflite.writer.options import fill
from portproof.exporter.tflite.writer.packing import pack
from portproof.exporter.tflite.writer.types import tensor_type
from portproof.exporter.tflite.writer.versions import operator_version
from portproof.runtimes.tflite_schema import schema

SCHEMA_VERSION = 3
SIGNATURE = "serving_default"
IO_METADATA = "portproof.io"
_LAST_ONE_BYTE_CODE = 127
"""`deprecated_builtin_code` is one byte; higher codes go to `builtin_code` (comment in the schema)."""

Perms = Mapping[str, Mapping[str, Sequence[int]]]


def write(model: ir.Model, *, perms: Perms | None = None) -> memoryview:
    """The bytes of the file; see `write_pieces`."""
    pieces = write_pieces(model, perms=perms)
    return pieces[0] if len(pieces) == 1 else memoryview(b"".join(pieces))


def write_pieces(model: ir.Model, *, perms: Perms | None = None) -> list[memoryview]:
    """The file, in pieces to be written one after the other: large weights are not copied once more.

    Args:
        model: nodes of domain `tfl` only, static shapes, in topological order.
        perms: for each input and output whose axes are not in the source's order, the source's axes in the
            order of the file: ``{"inputs": {"x": (0, 2, 3, 1)}, "outputs": {}}``.
    """
    return pack(_Writer(model.graph).model(perms or {"inputs": {}, "outputs": {}}))


class _Writer:
    def __init__(self, graph: ir.Graph) -> None:
        self.graph = graph
        self.buffers = Buffers()
        self.tensors: list[Any] = []
        self.index: dict[ir.Value, int] = {}
        self.names: set[str] = set()
        self.repeats: dict[str, int] = {}
        self.codes: dict[tuple[str, int], int] = {}

    def model(self, perms: Perms) -> Any:
        model = schema.ModelT()
        model.version = SCHEMA_VERSION
        model.description = "written by Portproof"
        model.subgraphs = [self._subgraph()]
        model.signatureDefs = [self._signature()]
        model.operatorCodes = [_operator_code(op, version) for op, version in self.codes]
        model.metadata = [self._metadata(IO_METADATA, _io_json(perms))]
        model.buffers = self.buffers.tables
        return model

    def _subgraph(self) -> Any:
        self._reserve_names()
        table = schema.SubGraphT()
        table.name = "main"
        table.inputs = [self._tensor(value) for value in self.graph.inputs]
        table.operators = [self._operator(node) for node in self.graph]
        table.outputs = [self._tensor(value) for value in self.graph.outputs]
        table.tensors = self.tensors
        return table

    def _reserve_names(self) -> None:
        """Inputs and outputs keep their names; whatever else has the same name gets another."""
        self.names.update(value.name or "" for value in (*self.graph.inputs, *self.graph.outputs))

    def _tensor(self, value: ir.Value) -> int:
        if value in self.index:
            return self.index[value]
        table = schema.TensorT()
        table.name = self._name(value)
        table.shape = list(shape_of(value))
        table.hasRank = True
        table.type = tensor_type(value.dtype)
        array = array_of(value)
        table.buffer = 0 if array is None else self.buffers.add(array)
        self.index[value] = len(self.tensors)
        self.tensors.append(table)
        return self.index[value]

    def _name(self, value: ir.Value) -> str:
        if value.is_graph_input() or value.is_graph_output():
            return value.name or ""
        name = base = value.name or _derived_name(value)
        while name in self.names:
            self.repeats[base] = self.repeats.get(base, 0) + 1
            name = f"{base}_{self.repeats[base]}"
        self.names.add(name)
        return name

    def _operator(self, node: ir.Node) -> Any:
        table = schema.OperatorT()
        key = (node.op_type, operator_version(node))
        table.opcodeIndex = self.codes.setdefault(key, len(self.codes))
        table.inputs = [-1 if value is None else self._tensor(value) for value in node.inputs]
        table.outputs = [self._tensor(value) for value in node.outputs]
        fill(node, table)
        return table

    def _signature(self) -> Any:
        table = schema.SignatureDefT()
        table.signatureKey = SIGNATURE
        table.subgraphIndex = 0
        table.inputs = [self._tensor_map(value) for value in self.graph.inputs]
        table.outputs = [self._tensor_map(value) for value in self.graph.outputs]
        return table

    def _tensor_map(self, value: ir.Value) -> Any:
        table = schema.TensorMapT()
        table.name = value.name or ""
        table.tensorIndex = self.index[value]
        return table

    def _metadata(self, name: str, data: bytes) -> Any:
        table = schema.MetadataT()
        table.name = name
        table.buffer = self.buffers.add_bytes(data)
        return table


def _derived_name(value: ir.Value) -> str:
    """A name for a tensor that ONNX does not have, made of the value it leads to."""
    node = value.producer()
    if node is None:
        return f"const_rank{rank_of(value)}"
    return f"{node.op_type.lower()}"


def _operator_code(op: str, version: int) -> Any:
    code = int(getattr(schema.BuiltinOperator, op))
    table = schema.OperatorCodeT()
    table.deprecatedBuiltinCode = min(code, _LAST_ONE_BYTE_CODE)
    table.builtinCode = code
    table.version = version
    return table


def _io_json(perms: Perms) -> bytes:
    data = {side: {name: list(perm) for name, perm in perms[side].items()} for side in ("inputs", "outputs")}
    return json.dumps(data, sort_keys=True, separators=(",", ":")).encode()
