"""Folders in the system's temporary directory for large intermediate files; those of killed runs are removed.

A process that is killed outright cannot clean up, and recorded outputs may be gigabytes: the next run does it.
"""

import fcntl
import functools
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from portproof.exporter.leftovers import is_dead

_PREFIX = "portproof-"


class Scratch:
    """A folder that lives as long as this object is open, and is told from those of dead processes by its lock.

    Attributes:
        path: the folder.
    """

    def __init__(self) -> None:
        sweep(Path(tempfile.gettempdir()))
        self._folder = tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-")
        self.path = Path(self._folder.name)
        self._lock = os.open(self.path, os.O_RDONLY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def close(self) -> None:
        """Remove the folder; safe to call twice."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@functools.cache
def sweep(place: Path) -> None:
    """Remove the folders of dead processes of this user; once in the life of a process."""
    with suppress(OSError):
        for left in sorted(place.glob(f"{_PREFIX}*-*")):
            number = left.name.removeprefix(_PREFIX).partition("-")[0]
            with suppress(OSError):
                ours = left.lstat().st_uid == os.getuid() and not left.is_symlink() and left.is_dir()
                if ours and number.isdigit() and is_dead(left, int(number)):
                    shutil.rmtree(left, ignore_errors=True)
