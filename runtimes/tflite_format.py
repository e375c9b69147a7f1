"""Opens a TFLite file and reads the layouts Portproof recorded in it, without the flatbuffer schema.

A board may have a TFLite runtime but no schema package; layouts must be known there all the same.
"""

import json
import mmap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.flatbuffer import DamageError, SignatureTable, metadata, verify
from portproof.runtimes.flatbuffer import signatures as _signatures

MAGIC = b"TFL3"
IO_METADATA = "portproof.io"
_MIN_BYTES = 16
_SIDES = ("inputs", "outputs")

__all__ = ["IoPerms", "SignatureTable", "damaged", "io_perms", "open_bytes", "signatures"]


@dataclass(frozen=True, kw_only=True)
class IoPerms:
    """The layouts a file was written with: name to the axes of the source's tensor in the file's order."""

    inputs: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    outputs: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


def open_bytes(path: Path) -> memoryview:
    """The verified content of a TFLite file, mapped rather than read.

    Raises:
        PortproofError: ``E-FILE-MISSING``; ``E-MODEL-FORMAT`` when it is no TFLite file, or damaged.
    """
    if not path.is_file():
        raise PortproofError("E-FILE-MISSING", f"there is no file {path.name}", where=str(path))
    with path.open("rb") as stream:
        head = stream.read(_MIN_BYTES)
        # Decided on the header, before anything of the size of the file is touched.
        if len(head) < _MIN_BYTES or head[4:8] != MAGIC:
            damaged(path, "it is empty" if not head else "it does not begin like a TFLite file")
        data = memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
    try:
        verify(data)
    except DamageError as error:
        damaged(path, str(error))
    return data


def signatures(path: Path) -> dict[str, SignatureTable]:
    """The signatures of a TFLite file by name, in its order; empty when it has none.

    Raises:
        PortproofError: as `open_bytes`.
    """
    return _signatures(open_bytes(path))


def io_perms(path: Path, signature: str = "") -> IoPerms:
    """The layouts that a TFLite file of Portproof records in its metadata; empty when it records none.

    Args:
        path: the file.
        signature: whose layouts, in a file with several; the first when left out.

    Raises:
        PortproofError: as `open_bytes`; ``E-MODEL-FORMAT`` when the record is not what Portproof writes.
    """
    data = open_bytes(path)
    record = metadata(data, IO_METADATA)
    if record is None:
        return IoPerms()
    try:
        parsed = _of_signature(json.loads(record), signature)
        inputs, outputs = ({name: _perm(axes) for name, axes in parsed[side].items()} for side in _SIDES)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        damaged(path, f"its {IO_METADATA} metadata is not readable ({error})")
    return IoPerms(inputs=inputs, outputs=outputs)


def _of_signature(parsed: Any, signature: str) -> Any:
    """The record of a file with several signatures has one a signature."""
    if "signatures" not in parsed:
        return parsed
    several = parsed["signatures"]
    return several[signature or next(iter(several))]


def damaged(path: Path, reason: str) -> NoReturn:
    """Raise ``E-MODEL-FORMAT`` for a file."""
    raise PortproofError(
        "E-MODEL-FORMAT",
        f"{path.name} is not a readable TFLite model",
        where=str(path),
        why=reason,
        hint="check that the file was copied whole, or write it again",
    )


def _perm(axes: list[int]) -> tuple[int, ...]:
    if sorted(axes) != list(range(len(axes))):
        raise ValueError(f"{axes} is not a permutation")
    return tuple(axes)
