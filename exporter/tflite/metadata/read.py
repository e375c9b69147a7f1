"""The TFLite Metadata of a file, whoever wrote it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portproof.exporter.tflite.metadata.archive import members
from portproof.exporter.tflite.metadata.schema import NAME
from portproof.exporter.tflite.metadata.unpack import unpack
from portproof.runtimes.flatbuffer import DamageError, metadata
from portproof.runtimes.tflite_format import damaged, open_bytes


@dataclass(frozen=True, kw_only=True)
class FileMetadata:
    """What a file says of itself: `table` in the form that `pack.pack` takes, and the files that travel behind it."""

    table: Mapping[str, Any]
    files: Mapping[str, bytes] = field(default_factory=dict)


def read(path: Path) -> FileMetadata | None:
    """The metadata; None when the file has none.

    Raises:
        PortproofError: ``E-FILE-MISSING``, ``E-MODEL-FORMAT``: the file, or its metadata, is damaged.
    """
    data = open_bytes(path)
    found = metadata(data, NAME)
    if found is None:
        return None
    try:
        table = unpack(found)
    except DamageError as error:
        damaged(path, str(error))
    return FileMetadata(table=table, files=members(path))
