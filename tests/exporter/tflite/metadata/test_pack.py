"""Against bytes that flatc 2.0.8 wrote from tflite-support's metadata_schema.fbs (its version 1.5.0)."""

import base64
import struct
import zlib
from typing import Any

import pytest

from portproof.exporter.tflite.metadata.pack import pack
from portproof.exporter.tflite.metadata.schema import TABLES
from portproof.exporter.tflite.metadata.unpack import unpack
from portproof.runtimes.flatbuffer import DamageError

BY_FLATC = zlib.decompress(base64.b64decode(
    "eNplUr9PwmAQvf4AmqYxDenA0IGBmUBcHIxlcHAxMcZ/oEATTAoxWgkmDvwpDg4ODg6ODM7ODo6E8Ee4SH33fVcoscnjvt497r3v"
    "riERnXc63YBaZJNDHvkUUINCaiISXVhEp8ARcIX3M+AY4JoNVIBu+7DdQTQkd5nnOYLFZxeYxul9ctfOZpnmpMKNJTaInzoU9x3U"
    "kX03iV6AJxAfRd8THSppfv0qTZvPq02e26XaSvupFLmpRF91cNHPQawpr1wqfN8m8XCc7HwXPgNRd5QTX/n8ARY8L9Es+ntgM6+G"
    "N0/3N0OpMQ9Xo2SymwvrpnE/SWVeGDv1gJbwFxt1lyqfP/PdPZvAt66ZnFvrM5eitexD61fhx8YvP/MThw7gzVETYE55JtXtTAw1"
    "k0JLEcU7vz9IDNS9wr0tcr8l7wd4A0alu2Tw5e/3jXScR8XuXrV3pf/8j9/rmSp+RHpMLvRqSt0tzZr5S/zXEM96H9s7G57kbMlZ"
    "pd2U9QbyvffjbDCS3I3EmcSx8Mfx9aT4PrsSh9J7kmT0Bw7VXIU="
))  # fmt: skip
SAID: dict[str, Any] = {
    "name": "net",
    "description": "d",
    "version": "1",
    "subgraph_metadata": [
        {
            "name": "main",
            "description": "m",
            "input_tensor_metadata": [
                {
                    "name": "x",
                    "description": "p",
                    "dimension_names": ["batch", "c"],
                    "content": {
                        "content_properties": (
                            "ImageProperties",
                            {"color_space": 1, "default_size": {"width": 3, "height": 4}},
                        ),
                        "range": {"min": 1, "max": 2},
                    },
                    "process_units": [{"options": ("NormalizationOptions", {"mean": [1.5, 2.0], "std": [3.0]})}],
                    "stats": {"max": [1.0], "min": [0.5]},
                }
            ],
            "output_tensor_metadata": [
                {
                    "name": "y",
                    "content": {
                        "content_properties": (
                            "BoundingBoxProperties",
                            {"index": [1, 0, 3, 2], "type": 1, "coordinate_type": 1},
                        )
                    },
                    "process_units": [
                        {"options": ("ScoreThresholdingOptions", {"global_score_threshold": 0.25})},
                        {"options": ("ScoreCalibrationOptions", {"score_transformation": 1, "default_score": 0.5})},
                        {},  # a tokenizer of schema version 1.2.1, which is not read
                    ],
                    "associated_files": [{"name": "labels.txt", "description": "l", "type": 2, "locale": "en"}],
                }
            ],
            "associated_files": [{"name": "readme.txt", "type": 1}],
            "input_process_units": [{"options": ("BertTokenizerOptions", {"vocab_file": [{"name": "v", "type": 5}]})}],
            "output_process_units": [],
        }
    ],
    "author": "a",
    "license": "l",
    "associated_files": [{"name": "values.txt", "type": 3}],
    "min_parser_version": "1.3.0",
}


def test_what_flatc_wrote_is_read() -> None:
    assert unpack(BY_FLATC) == SAID


def test_what_is_packed_is_read_again() -> None:
    data = pack(SAID)
    assert data[4:8] == b"M001"
    assert unpack(data) == SAID
    assert pack(SAID) == data


def test_numbers_of_fields_behind_a_union_count_its_type() -> None:
    numbers = {field.name: field.number for field in TABLES["Content"]}
    assert numbers == {"content_properties": 1, "range": 2}
    assert [field.number for field in TABLES["TensorMetadata"]] == list(range(7))


@pytest.mark.parametrize("name", ["nmae", "content_properties"])
def test_an_unknown_field_is_a_defect(name: str) -> None:
    with pytest.raises(KeyError):
        pack({name: "net"})


def test_no_cut_or_changed_byte_breaks_the_reader() -> None:
    data = pack(SAID)
    for length in range(0, len(data), 3):
        with pytest.raises(DamageError):
            unpack(data[:length])
    for place in range(len(data)):
        for value in (0, 0xFF, data[place] ^ 0x80):
            changed = bytearray(data)
            changed[place] = value
            try:
                unpack(bytes(changed))
            except DamageError:
                continue


def test_tables_that_are_shared_crosswise_end() -> None:
    """A vector that claims a million times the same table."""
    entry = struct.pack("<I", 0)
    many = struct.pack("<I", 1 << 20) + entry * 8
    with pytest.raises(DamageError):
        unpack(struct.pack("<I", 8) + b"M001" + many)
