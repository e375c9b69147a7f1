"""A file that is written whole or not at all: what was there stays until the new one is complete."""

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from portproof.device_profiles.errors import PortproofError


def require_writable(path: Path) -> None:
    """Refuse a place that no file can be written to, before work is spent on what is to go there.

    Raises:
        PortproofError: ``E-OUTPUT``.
    """
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if path.is_dir():
        raise _refusal(path, "it is a folder", hint=f"name a file in it: {path / 'FILE'}")
    if not folder.is_dir():
        raise _refusal(path, f"{folder} is a file, not a folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _refusal(path, f"nothing may be written to {folder}")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A sibling of `path` to write to, of the same suffix, which takes its place when the block ends well.

    Folders that are missing are made.

    Raises:
        PortproofError: ``E-OUTPUT``: it cannot be written.
    """
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    missing = list(itertools.takewhile(lambda folder: not folder.exists(), path.parents))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        part.replace(path)
    except OSError as error:
        raise _refusal(path, str(error)) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        for folder in missing:
            with suppress(OSError):  # not empty: all went well
                folder.rmdir()


def _refusal(path: Path, why: str, hint: str = "") -> PortproofError:
    return PortproofError("E-OUTPUT", f"{path.name} cannot be written", where=str(path), why=why, hint=hint)
