"""Read one profile file: TOML, of a sane size, in UTF-8; anything else is refused by what it is."""

import re
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portproof.device_profiles.errors import PortproofError
from portproof.device_profiles.loading.lines import Key, line_of, lines

LARGEST_BYTES = 1 << 20
"""A profile is a few kilobytes; what is larger than this is some other file, and is not read."""

_YAML = re.compile(r"^(?:---\s*$|\s*(?:- )?[\w.-]+:(?:\s|$))", re.MULTILINE)
_TOML = re.compile(r"^\s*[\w.\"-]+\s*=", re.MULTILINE)
_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)$")


@dataclass(frozen=True, kw_only=True)
class Document:
    """A TOML file that was read.

    Attributes:
        path: the file.
        place: where it was found, in words: ``"built in"``, ``"project"``.
        data: what tomllib made of it.
        found: the line of each key.
    """

    path: Path
    place: str
    data: dict[str, Any]
    found: dict[Key, int]

    def line(self, path: Key) -> int | None:
        """The line of a key, or of the nearest table around it."""
        return line_of(self.found, path)


def read(path: Path, place: str) -> Document:
    """Read a file.

    Raises:
        PortproofError: ``E-FILE-MISSING``; ``E-CONFIG``: too large, not UTF-8, JSON or YAML, or not TOML.
    """
    text = _text(path)
    try:
        return Document(path=path, place=place, data=tomllib.loads(text), found=lines(text))
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(path, text, str(error)) from error
    except RecursionError as error:
        raise _wrong(path, "not a profile: lists or tables too deep in each other") from error


def _text(path: Path) -> str:
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise PortproofError("E-FILE-MISSING", "there is no such profile", where=str(path)) from error
    except (OSError, ValueError) as error:  # a name with a null byte is a ValueError
        raise _wrong(path, f"cannot be read: {error}") from error
    if not stat.S_ISREG(status.st_mode):
        raise _wrong(path, "not a file", "a profile is a TOML file; --profile takes a folder of them too")
    if status.st_size > LARGEST_BYTES:
        size = f"{status.st_size / 1e6:,.1f} MB"
        raise _wrong(path, f"too large for a profile: {size}", f"a profile has at most {LARGEST_BYTES >> 20} MiB")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise _wrong_encoding(path, error) from error
    except OSError as error:
        raise _wrong(path, f"cannot be read: {error}") from error


def _wrong_encoding(path: Path, error: UnicodeDecodeError) -> PortproofError:
    line = bytes(error.object[: error.start]).count(b"\n") + 1
    found = f"byte 0x{error.object[error.start]:02x}"
    if error.object[:2] in (b"\xff\xfe", b"\xfe\xff"):
        found = "it is UTF-16"
    return _wrong(path, f"not UTF-8: {found}", "save it as UTF-8: TOML has no other encoding", line)


def _not_toml(path: Path, text: str, why: str) -> PortproofError:
    at = _AT_LINE.search(why)
    line = int(at[1]) if at else None
    if text.startswith("\ufeff"):
        return _wrong(path, "begins with a byte order mark", "save it as UTF-8 without one", 1)
    for form, is_it in (("JSON", text.lstrip().startswith("{")), ("YAML", _looks_like_yaml(text))):
        if is_it:
            hint = 'profiles are TOML: `key = "text"`, tables in brackets; `portproof devices new` writes one'
            return _wrong(path, f"this is {form}, not TOML", hint, line)
    return _wrong(path, f"not a TOML file: {_AT_LINE.sub('', why)}", line=line)


def _looks_like_yaml(text: str) -> bool:
    return bool(_YAML.search(text)) and not _TOML.search(text)


def _wrong(path: Path, what: str, hint: str = "", line: int | None = None) -> PortproofError:
    where = str(path) if line is None else f"{path}:{line}"
    return PortproofError("E-CONFIG", what, where=where, hint=hint, file=str(path), line=line)
