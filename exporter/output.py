"""Write a result folder all at once or not at all: `kill -9` at any moment leaves the old one or the new one.

Everything goes into a sibling (``.<name>.<pid>.tmp``), is flushed to disk, and then changes places with the
old folder in one system call. Where the file system has no such call the old folder is first set aside as
``.<name>.<pid>.old``; a run killed between the two renames leaves it there, whole, and the next run puts it
back.
"""

import errno
import itertools
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.leftovers import claim, recover, siblings
from portproof.exporter.swap import exchange

MANIFEST = "manifest.json"
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)
_HARMLESS = frozenset({".DS_Store"})


def _ignore(message: Message) -> None:
    """Nobody listens."""


@contextmanager
def staged(out_dir: Path | str, notify: Callable[[Message], None] = _ignore) -> Iterator[Path]:
    """A temporary folder that becomes `out_dir` when the block ends well, and is removed when it raises.

    Args:
        out_dir: the result folder; made with its parents when missing. An existing one must be empty or an
            earlier result (its manifest lists every file in it): it is replaced whole, and nothing else may
            be lost.
        notify: told (``W-STATE``) of leftovers of killed runs that were cleaned up.

    Raises:
        PortproofError: ``E-OUTPUT``: it cannot be written, is a file, holds other files, the disk is full.
    """
    out = Path(os.path.realpath(out_dir))
    made: list[Path] = []
    stage, lock = out, -1
    try:
        made = _make_parents(out.parent)
        recover(out, notify)
        _check_replaceable(out)
        for stage in siblings(out):  # named before it is made: a signal may come between the two
            lock = claim(stage)
            if lock >= 0:
                break
        yield stage
        _flush(stage)
        _replace(out, stage)
        made = []
    except OSError as error:
        if _ours(error, out):
            raise _refusal(out, error) from error
        raise
    finally:
        if lock >= 0:
            shutil.rmtree(stage, ignore_errors=True)  # after the swap: the old result
            os.close(lock)
        elif stage != out:
            with suppress(OSError):  # ended while it was made: it is empty, or was not ours
                stage.rmdir()
        for parent in made:
            with suppress(OSError):  # not empty: somebody else uses it
                parent.rmdir()


def _make_parents(parent: Path) -> list[Path]:
    """The folders that had to be made, the deepest first."""
    missing = list(itertools.takewhile(lambda folder: not folder.exists(), [parent, *parent.parents]))
    parent.mkdir(parents=True, exist_ok=True)
    return missing


def _check_replaceable(out: Path) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise PortproofError(
            "E-OUTPUT",
            "the output folder's name is taken by a file",
            where=str(out),
            hint="name another one with -o",
        )
    if os.path.ismount(out):
        raise PortproofError(
            "E-OUTPUT",
            "the output folder is a mount point, which cannot be replaced in one step",
            where=str(out),
            hint=f"name a folder inside it: -o {out / 'model'}",
        )
    foreign = sorted(_files(out) - _listed(out) - _HARMLESS)
    if foreign:
        raise PortproofError(
            "E-OUTPUT",
            f"the output folder holds files that are not of an earlier result: {', '.join(foreign[:5])}"
            + (f" and {len(foreign) - 5} more" if len(foreign) > 5 else ""),
            where=str(out),
            why="the folder is replaced as a whole, and they would be lost",
            hint="move them away, or name another folder with -o",
        )


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


def _listed(folder: Path) -> set[str]:
    """What the manifest in `folder` says was written there; nothing when it has none that can be read."""
    try:
        files = json.loads((folder / MANIFEST).read_bytes())["files"]
        return {MANIFEST, *(str(row["path"]) for row in files)}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def _flush(folder: Path) -> None:
    """Have everything on the disk before the name changes: a power cut must not leave empty files."""
    for path in [*sorted(folder.rglob("*")), folder]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _replace(out: Path, stage: Path) -> None:
    if not out.exists():
        stage.rename(out)
    elif not exchange(stage, out):
        _two_renames(out, stage)
    descriptor = os.open(out.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _two_renames(out: Path, stage: Path) -> None:
    aside = stage.with_suffix(".old")
    out.rename(aside)
    try:
        stage.rename(out)
    except OSError:
        aside.rename(out)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _ours(error: OSError, out: Path) -> bool:
    """Whether writing the result failed, and not the caller's own business with other files."""
    if error.errno in _DISK:
        return True
    named = [Path(os.fsdecode(name)) for name in (error.filename, error.filename2) if name is not None]
    beside = str(out.with_name(f".{out.name}."))
    return any(path in (out, *out.parents) or str(path).startswith(beside) for path in named)


def _refusal(out: Path, error: OSError) -> PortproofError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return PortproofError(
        "E-OUTPUT",
        "the disk is full" if full else "the output folder cannot be written",
        where=str(out),
        why=(error.strerror or str(error)) + "; what was there before is untouched",
        hint="free some space, or name a folder elsewhere with -o"
        if full
        else "name a folder that you may write with -o",
    )
