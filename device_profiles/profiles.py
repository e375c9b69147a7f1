"""The device profiles: by id, all of them, and with where each value is from. docs/devices.md tells their form."""

import os
from collections.abc import Sequence
from pathlib import Path

from portproof.device_profiles.errors import Message, PortproofError
from portproof.device_profiles.loading.catalog import Catalog
from portproof.device_profiles.loading.messages import joined
from portproof.device_profiles.loading.resolve import Resolved
from portproof.device_profiles.loading.resolve import resolve as _resolve
from portproof.device_profiles.schema.profile import Profile, ProfileKind

ProfilePath = str | os.PathLike[str]
Paths = ProfilePath | Sequence[ProfilePath] | None
_NOT_TOML = (".toml", ".json", ".yaml", ".yml")


def available(kind: ProfileKind | None = "device", *, profile_path: Paths = None) -> list[Profile]:
    """Every profile that is found in any place, by id.

    Args:
        kind: ``"device"``, ``"soc"``, or None for both.
        profile_path: files and folders of one's own, as ``--profile``.

    Raises:
        PortproofError: ``E-CONFIG``: profiles are wrong; every error of every file at once.
    """
    return [each.profile for each in resolved(kind, profile_path=profile_path)]


def resolved(kind: ProfileKind | None = "device", *, profile_path: Paths = None) -> list[Resolved]:
    """As `available`, each with where its values are from."""
    catalog = Catalog(listed(profile_path))
    found = _each(catalog, catalog.ids(), ())
    return [each for each in found if kind is None or each.profile.kind == kind]


def load(device_id: str, *, profile_path: Paths = None, overrides: Sequence[str] = ()) -> Profile:
    """The profile of an id, of a device or of a chip, with all that it extends merged into it.

    Args:
        device_id: the id; a name that ends in ``.toml`` is the path of a profile of one's own.
        profile_path: files and folders of one's own, looked in before all others.
        overrides: ``KEY=VALUE`` for this run, as ``--set``.

    Raises:
        PortproofError: ``E-DEVICE-UNKNOWN`` with the nearest ids; ``E-FILE-MISSING``; ``E-CONFIG``: all that is wrong
            in its files, by file, line and key; ``E-USAGE``: an override that cannot be.
    """
    return resolve(device_id, profile_path=profile_path, overrides=overrides).profile


def resolve(device_id: str, *, profile_path: Paths = None, overrides: Sequence[str] = ()) -> Resolved:
    """As `load`, with where each value is from."""
    paths = listed(profile_path)
    if device_id.endswith(_NOT_TOML):
        paths, device_id = [device_id, *paths], Path(device_id).stem
    return _resolve(Catalog(paths), device_id, overrides)


def load_all(device_ids: Sequence[str], *, profile_path: Paths = None, overrides: Sequence[str] = ()) -> list[Profile]:
    """`load` for each, or for the files of `profile_path` where no id is given; all that is wrong is raised together.

    Raises:
        PortproofError: what `load` raises; ``E-USAGE``: values or folders are given, and no device that they are for.
    """
    messages: list[Message] = []
    profiles: list[Profile] = []
    ids = chosen(device_ids, profile_path, overrides)
    files = [device_id for device_id in ids if device_id.endswith(_NOT_TOML)]
    # One look at all places serves every id; a file is a place of its own.
    catalog = Catalog(listed(profile_path)) if len(files) < len(ids) else None
    for device_id in ids:
        try:
            if catalog is None or device_id in files:
                profiles.append(load(device_id, profile_path=profile_path, overrides=overrides))
            else:
                profiles.append(_resolve(catalog, device_id, overrides).profile)
        except PortproofError as error:
            messages += error.messages
    if messages:
        raise PortproofError.of(joined(messages))
    return profiles


def chosen(device_ids: Sequence[str], profile_path: Paths = None, overrides: Sequence[str] = ()) -> tuple[str, ...]:
    """The ids given, else those of the files given.

    Raises:
        PortproofError: ``E-USAGE``: values or folders are given, and no device that they are for.
    """
    ids = tuple(device_ids) or tuple(path.stem for path in map(Path, listed(profile_path)) if not path.is_dir())
    if not ids and (overrides or listed(profile_path)):
        option = "--set" if overrides else "--profile"
        raise PortproofError("E-USAGE", f"{option} is given, and no device", hint="name the device: -d pixel-9")
    return ids


def is_known(device_id: str) -> bool:
    """Whether some place has a profile of that id, or it is the path of one."""
    return device_id.endswith(".toml") or device_id in Catalog().ids()


def _each(catalog: Catalog, device_ids: Sequence[str], overrides: Sequence[str]) -> list[Resolved]:
    messages: list[Message] = []
    found: list[Resolved] = []
    for device_id in device_ids:
        try:
            found.append(_resolve(catalog, device_id, overrides))
        except PortproofError as error:
            messages += error.messages
    if messages:
        raise PortproofError.of(joined(messages))
    return found


def listed(profile_path: Paths) -> list[ProfilePath]:
    """One path, several or none, as a list."""
    if profile_path is None:
        return []
    return [profile_path] if isinstance(profile_path, str | os.PathLike) else list(profile_path)
