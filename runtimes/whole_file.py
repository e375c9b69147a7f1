"""A file that is written whole or not at all: what was there stays until the new one is complete."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portproof.device_profiles.errors import PortproofError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A sibling of `path` to write to, of the same suffix, which takes its place when the block ends well.

    Raises:
        PortproofError: ``E-OUTPUT``: it cannot be written.
    """
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        what = f"{path.name} cannot be written"
        raise PortproofError("E-OUTPUT", what, where=str(path), why=str(error)) from error
    finally:
        part.unlink(missing_ok=True)
