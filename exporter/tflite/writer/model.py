"""Graphs of the `tfl` dialect to a `.tflite` file: every graph is a subgraph (see `subgraph`), some are signatures."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import onnx_ir as ir

from portproof.exporter.tflite.writer.buffers import Buffers
from portproof.exporter.tflite.writer.packing import Piece, joined, pack
from portproof.exporter.tflite.writer.subgraph import Subgraph
from portproof.runtimes.options import DEFAULT_SIGNATURE
from portproof.runtimes.tflite_schema import schema

SCHEMA_VERSION = 3
IO_METADATA = "portproof.io"
_LAST_ONE_BYTE_CODE = 127
"""`deprecated_builtin_code` is one byte; higher codes go to `builtin_code` (comment in the schema)."""
_NO_PERMS: "Perms" = {"inputs": {}, "outputs": {}}

Perms = Mapping[str, Mapping[str, Sequence[int]]]


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What an app may call in a file.

    Attributes:
        graph: nodes of domain `tfl` only, static shapes, in topological order.
        perms: for each input and output whose axes are not in the source's order, the source's axes in the
            order of the file: ``{"inputs": {"x": (0, 2, 3, 1)}, "outputs": {}}``.
    """

    graph: ir.Graph
    perms: Perms = field(default_factory=lambda: _NO_PERMS)


def write(model: ir.Model, *, perms: Perms | None = None) -> memoryview:
    """The bytes of the file; see `write_pieces`."""
    return joined(write_pieces(model, perms=perms))


def write_pieces(model: ir.Model, *, perms: Perms | None = None) -> list[Piece]:
    """The file, in pieces to be written one after the other: large weights are not copied once more.

    Args:
        model: nodes of domain `tfl` only, static shapes, in topological order.
        perms: for each input and output whose axes are not in the source's order, the source's axes in the
            order of the file: ``{"inputs": {"x": (0, 2, 3, 1)}, "outputs": {}}``.
    """
    return write_signatures({DEFAULT_SIGNATURE: Signature(graph=model.graph, perms=perms or _NO_PERMS)})


def write_signatures(
    signatures: Mapping[str, Signature], *, metadata: Mapping[str, bytes] | None = None
) -> list[Piece]:
    """One file that offers several graphs by name, in pieces; what is equal in their constants is stored once.

    Args:
        signatures: the graphs by name.
        metadata: further entries of the model's metadata, by name.
    """
    return pack(_Writer(signatures).model(metadata or {}))


class _Writer:
    """The tables of a file: graphs 0 and up are the signatures', those that WHILE and IF run come behind them."""

    def __init__(self, signatures: Mapping[str, Signature]) -> None:
        self.buffers = Buffers()
        self.codes: dict[tuple[str, int], int] = {}
        self.graphs: list[Subgraph] = []
        self.numbers: dict[ir.Graph, int] = {}
        self.signatures = signatures
        alone = len(signatures) == 1
        for signature in signatures.values():
            self._reserve(signature.graph)
        for key, signature in signatures.items():
            self._of(signature).fill("main" if alone else key)

    def _of(self, signature: Signature) -> Subgraph:
        return self.graphs[self.numbers[signature.graph]]

    def _reserve(self, graph: ir.Graph) -> Subgraph:
        self.numbers[graph] = len(self.graphs)
        self.graphs.append(Subgraph(graph, buffers=self.buffers, codes=self.codes, number_of=self._add))
        return self.graphs[-1]

    def _add(self, graph: ir.Graph) -> int:
        """The number of the subgraph for a graph that an operator names."""
        if graph not in self.numbers:
            self._reserve(graph).fill(graph.name or "inner")
        return self.numbers[graph]

    def model(self, metadata: Mapping[str, bytes]) -> Any:
        model = schema.ModelT()
        model.version = SCHEMA_VERSION
        model.description = "written by Portproof"
        model.subgraphs = [graph.table for graph in self.graphs]
        model.signatureDefs = [self._signature(key, signature) for key, signature in self.signatures.items()]
        model.operatorCodes = [_operator_code(op, version) for op, version in self.codes]
        entries = {IO_METADATA: _io_json(self.signatures), **metadata}
        model.metadata = [self._metadata(name, data) for name, data in entries.items()]
        model.buffers = self.buffers.tables
        return model

    def _signature(self, key: str, signature: Signature) -> Any:
        subgraph = self._of(signature)
        table = schema.SignatureDefT()
        table.signatureKey = key
        table.subgraphIndex = self.numbers[signature.graph]
        table.inputs = [_tensor_map(subgraph, value) for value in signature.graph.inputs]
        table.outputs = [_tensor_map(subgraph, value) for value in signature.graph.outputs]
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


def _tensor_map(subgraph: Subgraph, value: ir.Value) -> Any:
    table = schema.TensorMapT()
    table.name = value.name or ""
    table.tensorIndex = subgraph.index[value]
    return table


def _io_json(signatures: Mapping[str, Signature]) -> bytes:
    """The perms; those of several signatures under ``"signatures"``, by name."""
    each = {key: _plain(signature.perms) for key, signature in signatures.items()}
    data = next(iter(each.values())) if len(each) == 1 else {"signatures": each}
    return json.dumps(data, sort_keys=True, separators=(",", ":")).encode()


def _plain(perms: Perms) -> dict[str, dict[str, list[int]]]:
    return {side: {name: list(perm) for name, perm in perms[side].items()} for side in ("inputs", "outputs")}
