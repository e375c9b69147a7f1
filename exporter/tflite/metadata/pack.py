"""Metadata as plain dicts to flatbuffer bytes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import flatbuffers

from portproof.exporter.tflite.metadata.schema import IDENTIFIER, ROOT, TABLES, UNIONS, Field

Table = Mapping[str, Any]


def pack(metadata: Table) -> bytes:
    """The bytes of a `ModelMetadata`; the same dict gives the same bytes.

    Args:
        metadata: fields by the names of the schema. A table is a dict, a vector a list, a union a pair of the
            member's name and its dict: ``("NormalizationOptions", {"mean": [127.5], "std": [127.5]})``.

    Raises:
        KeyError: a name that the schema does not have.
    """
    builder = flatbuffers.Builder(1024)
    builder.Finish(_table(builder, ROOT, metadata), file_identifier=IDENTIFIER)
    return bytes(builder.Output())


def _table(builder: Any, name: str, values: Table) -> int:
    fields = {field.name: field for field in TABLES[name]}
    # What a table refers to is written before it.
    slots = [slot for key, value in values.items() for slot in _slots(builder, fields[key], value)]
    builder.StartObject(max((field.number for field in fields.values()), default=-1) + 1)
    for put in slots:
        put()
    return int(builder.EndObject())


def _slots(builder: Any, field: Field, value: Any) -> list[Callable[[], None]]:
    """What puts the field into its table, once that is begun."""
    number, kind = field.number, field.kind
    if kind == "byte":
        return [lambda: builder.PrependInt8Slot(number, value, 0)]
    if kind == "int":
        return [lambda: builder.PrependInt32Slot(number, value, 0)]
    if kind == "uint":
        return [lambda: builder.PrependUint32Slot(number, value, 0)]
    if kind == "float":
        return [lambda: builder.PrependFloat32Slot(number, value, 0.0)]
    if kind == "union":
        member, table = value
        code, offset = UNIONS[field.name].index(member) + 1, _table(builder, member, table)
        return [
            lambda: builder.PrependUint8Slot(number - 1, code, 0),
            lambda: builder.PrependUOffsetTRelativeSlot(number, offset, 0),
        ]
    place = _reference(builder, kind, value)
    return [lambda: builder.PrependUOffsetTRelativeSlot(number, place, 0)]


def _reference(builder: Any, kind: str, value: Any) -> int:
    if kind == "string":
        return int(builder.CreateString(value))
    if not kind.startswith("["):
        return _table(builder, kind, value)
    inner = kind[1:-1]
    if inner == "float":
        return _vector(builder, value, builder.PrependFloat32)
    if inner == "uint":
        return _vector(builder, value, builder.PrependUint32)
    return _vector(builder, [_reference(builder, inner, item) for item in value], builder.PrependUOffsetTRelative)


def _vector(builder: Any, items: Sequence[Any], put: Callable[[Any], None]) -> int:
    builder.StartVector(4, len(items), 4)
    for item in reversed(items):
        put(item)
    return int(builder.EndVector())
