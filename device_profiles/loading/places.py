"""Where profiles lie, in the order in which they are looked for: the first place that has an id gives it.

1. ``--profile``: a file, or a folder of files
2. the project: the nearest folder `portproof-devices` upwards from where one is
3. the user: `portproof/devices` in the folder where the system keeps a user's configuration
4. packages with an entry point of the group `portproof.device_profiles`, which names a package with TOML files in it
5. built in
"""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

from portproof.device_profiles.errors import Message, PortproofError

BUILT_IN = Path(__file__).parent.parent / "data"
PROJECT_FOLDER = "portproof-devices"
ENTRY_POINTS = "portproof.device_profiles"
_MISTAKEN = (".json", ".yaml", ".yml")


@dataclass(frozen=True, kw_only=True)
class Place:
    """One place, and the files in it.

    Attributes:
        name: in words, for messages and lists.
        files: by the id that a file is named for.
        twice: ids with two files.
        others: files of formats that are mistaken for TOML, by what they are named for.
    """

    name: str
    files: Mapping[str, Path]
    twice: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    others: Mapping[str, Path] = field(default_factory=dict)


def places(profile_paths: Sequence[str | os.PathLike[str]] = ()) -> list[Place]:
    """All places, the first to be looked in first; those that are not there are left out.

    Args:
        profile_paths: what ``--profile`` names: files and folders.

    Raises:
        PortproofError: ``E-FILE-MISSING``, ``E-CONFIG``: a path that is no TOML file and no folder.
    """
    given = [_given(Path(path)) for path in profile_paths]
    folders = [("project", _project(Path.cwd())), ("user", user_folder())]
    own = [_folder(name, folder) for name, folder in folders if folder and folder.is_dir()]
    return [*given, *own, *_packages(), _folder("built in", BUILT_IN, mine=False)]


def user_folder() -> Path:
    """The user's folder of profiles, by the custom of the system; it need not exist."""
    if sys.platform == "win32":
        base = Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return base / "portproof" / "devices"


def _project(here: Path) -> Path | None:
    found = (folder / PROJECT_FOLDER for folder in (here, *here.parents))
    return next((folder for folder in found if folder.is_dir()), None)


def _given(path: Path) -> Place:
    if path.is_dir():
        return _folder("--profile", path)
    if not path.exists():
        raise PortproofError("E-FILE-MISSING", "there is no such profile", where=str(path))
    return Place(name="--profile", files={path.stem: path})


def _folder(name: str, folder: Path, *, mine: bool = True) -> Place:
    files: dict[str, Path] = {}
    twice: dict[str, tuple[Path, ...]] = {}
    for path in sorted(folder.rglob("*.toml")):
        first = files.setdefault(path.stem, path)
        if first != path:
            twice[path.stem] = (*twice.get(path.stem, (first,)), path)
    others = {path.stem: path for path in sorted(folder.rglob("*")) if path.suffix in _MISTAKEN}
    return Place(name=name, files=files, twice=twice, others=others if mine else {})


def _packages() -> list[Place]:
    """Packages are found and not imported: profiles are data, and no code of theirs is run for them."""
    found = sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: entry.name)
    return [_folder(f"package {entry.name}", folder, mine=False) for entry in found for folder in _locations(entry)]


def _locations(entry: EntryPoint) -> list[Path]:
    spec = find_spec(entry.module)
    if spec is None or not spec.submodule_search_locations:
        what = f"the entry point {entry.name} of {ENTRY_POINTS} names {entry.module}, which is no installed package"
        raise PortproofError("E-CONFIG", what, hint="it names a package that has TOML files in it")
    return [Path(location) for location in spec.submodule_search_locations]


def two_files(place: Place, profile_id: str) -> Message:
    """``E-CONFIG``: an id with two files in one place: neither can go before the other."""
    paths = [str(path) for path in place.twice[profile_id]]
    return Message(
        code="E-CONFIG",
        what=f'two files are named for the id "{profile_id}"',
        where=" and ".join(paths),
        hint="rename one of them, and its id",
        details={"id": profile_id, "files": paths},
    )
