"""Temporary folders beside a result: claim one, and clean up after runs that were killed.

A folder belongs to a live run when its process number is taken or its lock is held; the lock also tells
across containers, whose process numbers say nothing. An open descriptor holds it, so it ends
with the process.
"""

import fcntl
import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from portproof.device_profiles.errors import Message


def siblings(out: Path) -> Iterator[Path]:
    """Names of temporary folders beside a result, of this process."""
    for count in itertools.count():
        yield out.with_name(f".{out.name}.{os.getpid()}{f'-{count}' if count else ''}.tmp")


def claim(stage: Path) -> int:
    """Make the folder; the descriptor that locks it for as long as this process lives, -1 where it is taken."""
    try:
        stage.mkdir()
    except FileExistsError:  # another thread of this process
        return -1
    lock = os.open(stage, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def recover(out: Path, notify: Callable[[Message], None]) -> None:
    """Put back an old result that a killed run had set aside, and remove what killed runs left."""
    for left in sorted(out.parent.glob(f".{_escaped(out.name)}.*")):
        if left.suffix not in (".tmp", ".old") or not _dead(left, out):
            continue
        if left.suffix == ".old" and not out.exists():
            left.rename(out)
            notify(_finding("an interrupted run had set the old result aside; it was put back", out))
            continue
        shutil.rmtree(left, ignore_errors=True)
        notify(_finding("a temporary folder of an interrupted run was removed", left))


def _finding(what: str, folder: Path) -> Message:
    return Message(code="W-STATE", what=what, where=folder.name)


def _escaped(name: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in name)


def _dead(left: Path, out: Path) -> bool:
    """Whether the run that made `left` is gone: its process number is free, and so is its lock."""
    number = left.name[len(out.name) + 2 :].split(".")[0].split("-")[0]
    return number.isdigit() and is_dead(left, int(number))


def is_dead(folder: Path, pid: int) -> bool:
    """Whether the process `pid`, which made and locked `folder`, is gone."""
    if pid != os.getpid() and _running(pid):
        return False
    with suppress(OSError):
        lock = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        finally:
            os.close(lock)
    return False


def _running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
