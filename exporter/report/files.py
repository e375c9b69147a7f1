"""Write the documents of a result, and list its files with their sums."""

import hashlib
from pathlib import Path

from pydantic import BaseModel

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.report.manifest import Manifest
from portproof.exporter.report.parts import File

REPORT, MANIFEST, GOLDEN = "report.json", "manifest.json", "golden"


def write_json(path: Path, document: BaseModel) -> None:
    """Write a document with its keys in the model's order; what is not finite becomes null."""
    path.write_text(document.model_dump_json(indent=2) + "\n", encoding="utf-8")


def entry(folder: Path, path: Path, role: str, target: str | None = None) -> File:
    """One file of the folder, with its size and sum."""
    return File(
        path=path.relative_to(folder).as_posix(),
        role=role,
        target=target,
        bytes=path.stat().st_size,
        sha256=sha256(path),
    )


def sha256(path: Path) -> str:
    """The sum of a file, as hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a result folder.

    Raises:
        PortproofError: ``E-FILE-MISSING``: there is none; ``E-CONFIG``: it is damaged or of another version.
    """
    path = folder / MANIFEST
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise PortproofError(
            "E-FILE-MISSING",
            "the folder has no manifest.json: it is not a result of `portproof export`",
            where=str(folder),
            why=error.strerror or "",
        ) from error
    except ValueError as error:  # pydantic's ValidationError is one
        raise PortproofError(
            "E-CONFIG", "manifest.json is damaged, or of another version", where=str(path), why=str(error)
        ) from error
