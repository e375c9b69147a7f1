"""Files that travel behind a model: a ZIP archive at its end, as the readers of TFLite Metadata expect.

Members are stored, not compressed (readers map them), and dated with the zero of ZIP. Offsets count from the
begin of the whole file: Android's reader seeks to them as they are.
"""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from portproof.device_profiles.errors import PortproofError

_EPOCH = (1980, 1, 1, 0, 0, 0)
MOST_BYTES = 2**31 - 1
"""Readers hold the whole file in one buffer, and Java's end here."""


def archive(files: Mapping[str, bytes], start: int) -> bytes:
    """The bytes to append to a file of `start` bytes; nothing when there are no files.

    Raises:
        PortproofError: ``E-USAGE``: the file becomes larger than its readers can map.
    """
    if not files:
        return b""
    placed = _Placed(start)
    with zipfile.ZipFile(placed, "w", zipfile.ZIP_STORED) as made:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, date_time=_EPOCH)
            entry.create_system = 3  # Unix, on every system
            made.writestr(entry, data)
    if start + len(placed.getvalue()) > MOST_BYTES:
        raise PortproofError(
            "E-USAGE",
            f"{', '.join(files)} cannot be put into a TFLite file of {start / 1e9:.1f} GB",
            why="the readers of TFLite Metadata map the whole file into one buffer of 2 GiB at most",
            hint="leave --labels out, and give the app the labels as a file of their own",
        )
    return placed.getvalue()


def members(path: Path) -> dict[str, bytes]:
    """The files behind a model, by name; empty when there are none, or the archive is damaged."""
    try:
        with zipfile.ZipFile(path) as found:
            return {name: found.read(name) for name in found.namelist()}
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, ValueError):
        return {}


class _Placed(io.BytesIO):
    """A stream whose first byte is number `start`."""

    def __init__(self, start: int) -> None:
        super().__init__()
        self._start = start

    def tell(self) -> int:
        return super().tell() + self._start

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return super().seek(offset - self._start if whence == io.SEEK_SET else offset, whence) + self._start
