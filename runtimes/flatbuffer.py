"""Walks a TFLite flatbuffer without trusting it: every offset inside the file, the number of tables bounded.

Flatbuffer readers follow offsets wherever they lead, so a damaged file crashes them, and one whose tables are
shared crosswise keeps them busy for ever. `verify` walks the tables first, as
`flatbuffers::Verifier` does in C++. The encoding: https://flatbuffers.dev/internals/; the tables:
schema_v3c.fbs of LiteRT. Standard library only.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

# Table -> field number -> kind. A number is the size of a scalar, "v4" a vector of scalars of 4 bytes,
# "table T" one table, "tables T" a vector of them, "any" a table of a union (only its extent is checked).
_TABLES: dict[str, dict[int, str]] = {
    "Model": {
        0: "4",
        1: "tables OperatorCode",
        2: "tables SubGraph",
        3: "string",
        4: "tables Buffer",
        5: "v4",
        6: "tables Metadata",
        7: "tables SignatureDef",
        8: "tables ExternalBufferGroup",
        9: "tables ExternalBuffer",
    },
    "OperatorCode": {0: "1", 1: "string", 2: "4", 3: "4"},
    "SubGraph": {0: "tables Tensor", 1: "v4", 2: "v4", 3: "tables Operator", 4: "string", 5: "4"},
    "Tensor": {
        0: "v4",
        1: "1",
        2: "4",
        3: "string",
        4: "table Quantization",
        5: "1",
        6: "table Sparsity",
        7: "v4",
        8: "1",
        9: "tables VariantSubType",
        10: "4",
    },
    "Operator": {
        0: "4",
        1: "v4",
        2: "v4",
        3: "1",
        4: "any",
        5: "v1",
        6: "1",
        7: "v1",
        8: "v4",
        9: "8",
        10: "8",
        11: "1",
        12: "any",
        13: "4",
    },
    "Buffer": {0: "v1", 1: "8", 2: "8"},
    "Metadata": {0: "string", 1: "4"},
    "SignatureDef": {0: "tables TensorMap", 1: "tables TensorMap", 2: "string", 4: "4"},
    "TensorMap": {0: "string", 1: "4"},
    "Quantization": {0: "v4", 1: "v4", 2: "v4", 3: "v8", 4: "1", 5: "any", 6: "4"},
    "Sparsity": {0: "v4", 1: "v4", 2: "tables DimensionMetadata"},
    "DimensionMetadata": {0: "1", 1: "4", 2: "1", 3: "any", 4: "1", 5: "any"},
    "VariantSubType": {0: "v4", 1: "1", 2: "1"},
    "ExternalBufferGroup": {0: "string"},
    "ExternalBuffer": {0: "4", 1: "4", 2: "8", 3: "8", 4: "string"},
}


class DamageError(Exception):
    """The reason a file is refused."""


def verify(data: memoryview) -> None:
    """Raise DamageError unless every table of the model lies inside `data`, in bounded number."""
    try:
        _Walker(data).table("Model", u32(data, 0))
    except struct.error as error:
        raise DamageError(f"an offset leads out of the file ({error})") from error


def metadata(data: memoryview, name: str) -> bytes | None:
    """The content of a metadata entry of a verified file; None when there is none of that name."""
    model = u32(data, 0)
    for entry in _elements(data, model, 6):
        if _blob(data, entry, 0) == name.encode():
            at = _field(data, entry, 1)
            index = 0 if at is None else u32(data, at)
            buffers = list(_elements(data, model, 4))
            return _blob(data, buffers[index], 0) if index < len(buffers) else b""
    return None


@dataclass(frozen=True, kw_only=True)
class SignatureTable:
    """A signature: the number of its graph, and the names of its inputs and outputs in the order of the file."""

    graph: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def signatures(data: memoryview) -> dict[str, SignatureTable]:
    """The signatures of a verified file by name, in its order."""
    found = {}
    for entry in _elements(data, u32(data, 0), 7):
        at = _field(data, entry, 4)
        inputs, outputs = (tuple(_text(data, row, 0) for row in _elements(data, entry, side)) for side in (0, 1))
        graph = 0 if at is None else u32(data, at)
        found[_text(data, entry, 2)] = SignatureTable(graph=graph, inputs=inputs, outputs=outputs)
    return found


class _Walker:
    """Visits every table and spends a budget, so that crosswise sharing cannot make the visit endless."""

    def __init__(self, data: memoryview) -> None:
        self.data = data
        # What a writer shares (names, shapes) is small: four times the file is ample.
        self.budget = 4 * len(data) + (1 << 20)

    def table(self, kind: str, at: int) -> None:
        present = fields(self.data, at)
        self.spend(4)
        kinds = _TABLES.get(kind, {})
        end = at + u16(self.data, at - i32(self.data, at) + 2)
        for number, position in present:
            expected = kinds.get(number)
            if expected is not None:
                self.value(expected, position, end)

    def value(self, kind: str, at: int, end: int) -> None:
        size = int(kind) if kind.isdigit() else 4
        if at + size > end:
            raise DamageError(f"a field at byte {at} lies outside its table")
        if kind == "string":
            self.vector(target(self.data, at), 1)
        elif kind[0] == "v":
            self.vector(target(self.data, at), int(kind[1:]))
        elif kind == "any" or kind.startswith("table "):
            self.table(kind.removeprefix("table "), target(self.data, at))
        elif kind.startswith("tables "):
            self.tables(kind.removeprefix("tables "), target(self.data, at))

    def tables(self, kind: str, at: int) -> None:
        for position in self.vector(at, 4):
            self.table(kind, target(self.data, position))

    def vector(self, at: int, size: int) -> range:
        length = u32(self.data, at)
        end = at + 4 + length * size
        if end > len(self.data):
            raise DamageError(f"a vector at byte {at} with {length} elements runs past the end of the file")
        self.spend(4 + length * size)
        return range(at + 4, end, size)

    def spend(self, amount: int) -> None:
        self.budget -= amount
        if self.budget < 0:
            raise DamageError("its tables overlap without end")


def fields(data: memoryview, at: int) -> list[tuple[int, int]]:
    """The fields present in the table at `at`: their number and position. Checks the table's extent."""
    vtable = at - i32(data, at)
    if not 0 <= vtable <= len(data) - 4:
        raise DamageError(f"the table at byte {at} has its field list outside the file")
    vtable_size, table_size = u16(data, vtable), u16(data, vtable + 2)
    if vtable_size < 4 or vtable_size % 2 or vtable + vtable_size > len(data):
        raise DamageError(f"the field list at byte {vtable} is damaged")
    if table_size < 4 or at + table_size > len(data):
        raise DamageError(f"the table at byte {at} runs past the end of the file")
    offsets = struct.unpack_from(f"<{vtable_size // 2 - 2}H", data, vtable + 4)
    return [(number, at + offset) for number, offset in enumerate(offsets) if offset]


def _field(data: memoryview, table: int, number: int) -> int | None:
    return dict(fields(data, table)).get(number)


def _elements(data: memoryview, table: int, number: int) -> Iterator[int]:
    """Positions of the tables in a vector field of a verified file."""
    at = _field(data, table, number)
    if at is not None:
        vector = target(data, at)
        for index in range(u32(data, vector)):
            yield target(data, vector + 4 + 4 * index)


def _blob(data: memoryview, table: int, number: int) -> bytes:
    at = _field(data, table, number)
    if at is None:
        return b""
    vector = target(data, at)
    return bytes(data[vector + 4 : vector + 4 + u32(data, vector)])


def _text(data: memoryview, table: int, number: int) -> str:
    return _blob(data, table, number).decode("utf-8", "replace")


def target(data: memoryview, at: int) -> int:
    """Where the forward offset at `at` leads."""
    return at + u32(data, at)


def u16(data: memoryview, at: int) -> int:
    """The unsigned 16-bit number at `at`."""
    return int(struct.unpack_from("<H", data, at)[0])


def u32(data: memoryview, at: int) -> int:
    """The unsigned 32-bit number at `at`."""
    return int(struct.unpack_from("<I", data, at)[0])


def i32(data: memoryview, at: int) -> int:
    """The signed 32-bit number at `at`."""
    return int(struct.unpack_from("<i", data, at)[0])
