"""A graph of the `tfl` dialect to a `.tflite` file: every graph is a subgraph (see `subgraph`)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import onnx_ir as ir

from portproof.exporter.tflite.writer.buffers import Buffers
from portproof.exporter.tflite.writer.packing import pack
from portproof.exporter.tflite.writer.subgraph import Subgraph
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
    """The tables of a file: graph 0 is the model, those that WHILE and IF run come behind it."""

    def __init__(self, graph: ir.Graph) -> None:
        self.buffers = Buffers()
        self.codes: dict[tuple[str, int], int] = {}
        self.graphs: list[Subgraph] = []
        self.numbers: dict[ir.Graph, int] = {}
        self._add(graph)
        self.main = self.graphs[0]

    def _add(self, graph: ir.Graph) -> int:
        """The number of the subgraph for `graph`, and for each that its operators name."""
        if graph not in self.numbers:
            name = (graph.name or "inner") if self.graphs else "main"
            self.numbers[graph] = len(self.graphs)
            subgraph = Subgraph(graph, buffers=self.buffers, codes=self.codes, number_of=self._add)
            self.graphs.append(subgraph)
            subgraph.fill(name)
        return self.numbers[graph]

    def model(self, perms: Perms) -> Any:
        model = schema.ModelT()
        model.version = SCHEMA_VERSION
        model.description = "written by Portproof"
        model.subgraphs = [graph.table for graph in self.graphs]
        model.signatureDefs = [self._signature()]
        model.operatorCodes = [_operator_code(op, version) for op, version in self.codes]
        model.metadata = [self._metadata(IO_METADATA, _io_json(perms))]
        model.buffers = self.buffers.tables
        return model

    def _signature(self) -> Any:
        table = schema.SignatureDefT()
        table.signatureKey = SIGNATURE
        table.subgraphIndex = 0
        table.inputs = [self._tensor_map(value) for value in self.main.graph.inputs]
        table.outputs = [self._tensor_map(value) for value in self.main.graph.outputs]
        return table

    def _tensor_map(self, value: ir.Value) -> Any:
        table = schema.TensorMapT()
        table.name = value.name or ""
        table.tensorIndex = self.main.index[value]
        return table

    def _metadata(self, name: str, data: bytes) -> Any:
        table = schema.MetadataT()
        table.name = name
        table.buffer = self.buffers.add_bytes(data)
        return table


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
