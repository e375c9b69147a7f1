"""Metadata from flatbuffer bytes, which are not trusted: every offset is checked, the work bounded."""

import struct
from typing import Any

from portproof.exporter.tflite.metadata.schema import IDENTIFIER, ROOT, TABLES, UNIONS, Field
from portproof.runtimes.flatbuffer import DamageError, fields, target, u32

_SCALARS = {"byte": "<b", "ubyte": "<B", "int": "<i", "uint": "<I", "float": "<f"}


def unpack(data: bytes | memoryview) -> dict[str, Any]:
    """The fields that are present, in the form that `pack.pack` takes; members of a union that came later are left out.

    Raises:
        DamageError: these are not the bytes of a `ModelMetadata`.
    """
    reader = _Reader(memoryview(data))
    try:
        if bytes(reader.data[4:8]) != IDENTIFIER:
            raise DamageError(f"it does not begin like metadata: {bytes(reader.data[4:8])!r}")
        return reader.table(ROOT, u32(reader.data, 0))
    except (struct.error, UnicodeDecodeError) as error:
        raise DamageError(f"its metadata cannot be read ({error})") from error


class _Reader:
    def __init__(self, data: memoryview) -> None:
        self.data = data
        # Tables may be shared; without a bound, crosswise sharing keeps a reader busy for ever.
        self.budget = 4 * len(data) + 1024

    def table(self, name: str, at: int) -> dict[str, Any]:
        self.spend(4)
        present = dict(fields(self.data, at))
        found = {field.name: self.value(field, present) for field in TABLES[name] if field.number in present}
        return {key: value for key, value in found.items() if value is not None}

    def value(self, field: Field, present: dict[int, int]) -> Any:
        at = present[field.number]
        if field.kind != "union":
            return self.read(field.kind, at)
        code = self.read("ubyte", present[field.number - 1]) if field.number - 1 in present else 0
        members = UNIONS[field.name]
        if not 0 < code <= len(members):
            return None
        return members[code - 1], self.table(members[code - 1], target(self.data, at))

    def read(self, kind: str, at: int) -> Any:
        self.spend(4)
        if kind in _SCALARS:
            return struct.unpack_from(_SCALARS[kind], self.data, at)[0]
        place = target(self.data, at)
        if kind == "string":
            return bytes(self.vector(place, 1)).decode("utf-8")
        if not kind.startswith("["):
            return self.table(kind, place)
        count = len(self.vector(place, 4)) // 4
        return [self.read(kind[1:-1], place + 4 + 4 * index) for index in range(count)]

    def vector(self, at: int, size: int) -> memoryview:
        """The bytes of the elements."""
        end = at + 4 + u32(self.data, at) * size
        if end > len(self.data):
            raise DamageError(f"a vector of its metadata at byte {at} runs past its end")
        self.spend(end - at)
        return self.data[at + 4 : end]

    def spend(self, amount: int) -> None:
        self.budget -= amount
        if self.budget < 0:
            raise DamageError("the tables of its metadata overlap without end")
