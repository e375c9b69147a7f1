"""The bundle that an internal error leaves: what is needed to reproduce it, and nothing that is big."""

import importlib.metadata
import json
import os
import platform
import sys
import tempfile
import traceback
import zipfile
from collections.abc import Sequence
from pathlib import Path

from portproof.device_profiles.errors import Message

LARGEST_BYTES = 1_000_000  # a model beyond that is left out, and its size noted


def bundle(error: BaseException, arguments: Sequence[str]) -> Message:
    """Write ``portproof-crash-*.zip`` into the temporary folder; the message names it."""
    descriptor, path = tempfile.mkstemp(prefix="portproof-crash-", suffix=".zip")
    files = _named_files(arguments)
    with os.fdopen(descriptor, "wb") as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("traceback.txt", "".join(traceback.format_exception(error)))
        archive.writestr("environment.json", json.dumps(_environment(arguments, files), indent=2))
        for file in files:
            if file.stat().st_size <= LARGEST_BYTES:
                archive.write(file, f"files/{file.name}")
    return Message(
        code="E-INTERNAL",
        what="Portproof failed: " + traceback.format_exception_only(error)[-1].strip(),
        where=_last_line(error),
        why="this is a defect of Portproof, not of your model",
        hint=f"please report it with this bundle (it holds the files you named, up to 1 MB each): {path}",
        details={"bundle": path},
    )


def _named_files(arguments: Sequence[str]) -> list[Path]:
    """The files that the command line names, a factory's ``file.py:name`` included."""
    paths = [Path(word.partition(":")[0].rpartition("=")[2]) for word in arguments]
    return sorted({path for path in paths if path.name and path.is_file()})


def _environment(arguments: Sequence[str], files: Sequence[Path]) -> dict[str, object]:
    return {
        "argv": list(arguments),
        "folder": os.getcwd(),
        "python": sys.version,
        "platform": platform.platform(),
        "packages": {
            dist.metadata["Name"]: dist.version
            for dist in sorted(importlib.metadata.distributions(), key=lambda dist: dist.metadata["Name"])
        },
        "files": {str(file): file.stat().st_size for file in files},
    }


def _last_line(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
