from typing import Any

import pytest

from portproof.runtimes.coreml.faults import FaultError, damaged, within
from portproof.runtimes.coreml.schema import message_class, parse_model


def accept(model: object) -> None:
    """Any kind will do."""


def test_the_schema_is_the_published_one() -> None:
    """Every field of ours has the number, type and oneof that coremltools' copy of Apple's schema gives it."""
    pytest.importorskip("coremltools")
    from coremltools.proto import Model_pb2

    seen: set[str] = set()
    _compare(message_class("Model").DESCRIPTOR, Model_pb2.Model.DESCRIPTOR, seen)
    assert len(seen) > 40


def _compare(ours: Any, theirs: Any, seen: set[str]) -> None:
    if ours.name == "Opaque" or ours.full_name in seen:
        return
    seen.add(ours.full_name)
    assert {field.name for field in ours.fields} == {field.name for field in theirs.fields}
    for field in ours.fields:
        other = theirs.fields_by_name[field.name]
        assert (field.number, field.is_repeated) == (other.number, other.is_repeated), field.full_name
        assert (field.containing_oneof is None) == (other.containing_oneof is None), field.full_name
        if field.containing_oneof is not None:
            assert field.containing_oneof.name == other.containing_oneof.name
        if field.message_type is None:
            # An enumeration is an int32 on the wire.
            assert field.type == (field.TYPE_INT32 if other.type == field.TYPE_ENUM else other.type), field.full_name
        else:
            assert field.message_type.GetOptions().map_entry == other.message_type.GetOptions().map_entry
            _compare(field.message_type, other.message_type, seen)


def test_unknown_fields_of_models_that_are_refused_anyway_are_not_looked_at() -> None:
    def refuse(model: object) -> None:
        raise damaged("no")

    with pytest.raises(FaultError, match="no"):
        parse_model(b"\xa8\x46\x01", check=refuse)
    with pytest.raises(FaultError, match="number 1125 of Model"):
        parse_model(b"\xa8\x46\x01", check=accept)


def test_nesting_is_bounded() -> None:
    # A program's attribute whose type is a list of lists of lists...
    assert parse_model(_nested(40), check=accept).WhichOneof("Type") == "mlProgram"
    with pytest.raises(FaultError, match="nested too deep") as caught:
        parse_model(_nested(2000), check=accept)
    assert caught.value.code == "E-MODEL-FORMAT"


def _nested(depth: int) -> bytes:
    data = b""
    for _ in range(depth):
        data = _field(2, _field(1, data))
    return _field(502, _field(4, _field(2, _field(2, data))))


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def test_places_are_told_from_the_outside_in() -> None:
    with pytest.raises(FaultError) as caught, within("function", "main"), within("operator", "a\nb", "c" * 100):
        raise damaged("why")
    assert caught.value.places == ["function main", "operator a\\nb (" + "c" * 77 + "...)"]
