"""A profile file to start from: it extends another, says nothing else, and shows in comments what could be changed."""

import os
import tomllib
from pathlib import Path

from portproof.device_profiles.errors import PortproofError
from portproof.device_profiles.loading.catalog import Catalog
from portproof.device_profiles.loading.check import check
from portproof.device_profiles.loading.lines import lines
from portproof.device_profiles.loading.places import PROJECT_FOLDER
from portproof.device_profiles.loading.read import Document
from portproof.device_profiles.loading.resolve import Resolved, resolve
from portproof.device_profiles.profiles import Paths, listed
from portproof.device_profiles.toml_text import pair_text

_TABLES = ("cpu", "gpu", "npu", "memory")
_OPS = "ops"
_HEAD = """\
# A device profile of Portproof; docs/devices.md tells every key.
# What is not stated here is as in {parent}. A line in comments shows what that is: take out its #, and that of the
# [table] above it, to change it.
# Every number says how it is known (kind) and where it is from (source).
# Check this file: portproof devices validate {file}
# See what counts, and why: portproof devices show {id} --resolved --why
"""
_LISTS = '# Lists are replaced whole. `ops+` and `ops-` adjust which operators a unit takes: "ops-" = ["Softmax"]\n'


def write(
    profile_id: str,
    *,
    extends: str,
    out: str | os.PathLike[str] | None = None,
    name: str = "",
    vendor: str = "",
    profile_path: Paths = None,
) -> Path:
    """Write a commented profile that extends another.

    Args:
        profile_id: of the new profile; the file is named for it.
        extends: the id of the profile that it extends.
        out: the file, or the folder to put it in; the folder `portproof-devices` here when left out.
        name: what the device is called; the id when left out.
        vendor: who makes it; the maker of what it extends when left out.
        profile_path: places of one's own to look for `extends` in.

    Returns:
        The file written.

    Raises:
        PortproofError: ``E-DEVICE-UNKNOWN``; ``E-CONFIG``: an id that is none; ``E-OUTPUT``: there is such a file, or
            it cannot be written.
    """
    parent = resolve(Catalog(listed(profile_path)), extends)
    path = _path(Path(out) if out is not None else Path(PROJECT_FOLDER), profile_id)
    head = {
        "kind": "device",
        "id": profile_id,
        "extends": extends,
        "name": name or profile_id,
        "vendor": vendor or parent.profile.vendor,
    }
    text = _text(parent, head, path)
    wrong = check(Document(path=path, place="new", data=tomllib.loads(text), found=lines(text)))
    if wrong:
        raise PortproofError.of(wrong)
    _write(path, text)
    return path


def _path(out: Path, profile_id: str) -> Path:
    if out.suffix != ".toml" or out.is_dir():
        return out / f"{profile_id}.toml"
    return out


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        hint = "choose another id or -o FILE; what is there is never overwritten"
        raise PortproofError("E-OUTPUT", "there is such a file", where=str(path), hint=hint) from error
    except OSError as error:
        raise PortproofError("E-OUTPUT", f"cannot be written: {error}", where=str(path)) from error


def _text(parent: Resolved, head: dict[str, str], path: Path) -> str:
    text = [_HEAD.format(parent=head["extends"], file=path, id=head["id"])]
    text += [pair_text(key, value) for key, value in head.items()]
    text += _commented(parent, ())
    text += ["", _LISTS.rstrip()]
    for table in _tables(parent):
        if inherited := _commented(parent, table):
            text += ["", f"# [{'.'.join(table)}]", *inherited]
    return "\n".join(text) + "\n"


def _tables(parent: Resolved) -> list[tuple[str, ...]]:
    """The tables of units and of the memory, each before those inside it."""
    return sorted({path[:-1] for path in parent.layer if path[0] in _TABLES and _OPS not in path})


def _commented(parent: Resolved, table: tuple[str, ...]) -> list[str]:
    """The values that would be inherited, as lines in comments."""
    own = {"kind", "id", "extends", "name", "vendor"} if not table else set()
    values = {
        path[-1]: value
        for path, (value, _) in parent.layer.items()
        if path[:-1] == table and path[-1] not in own and path[-1] != "runtimes"
    }
    return [f"# {line}" for key, value in values.items() for line in pair_text(key, value).splitlines()]
