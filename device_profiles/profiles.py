"""Find and read device profiles: `data/<id>.toml`, or a TOML file of the user's own."""

import difflib
import tomllib
from pathlib import Path

from pydantic import ValidationError

from portproof.device_profiles.errors import Message, PortproofError
from portproof.device_profiles.schema import Profile

DATA = Path(__file__).parent / "data"


def available() -> list[Profile]:
    """Every profile that comes with Portproof, by id.

    Raises:
        PortproofError: ``E-CONFIG``: profiles are wrong; every error of every file at once.
    """
    return read_all(sorted(DATA.glob("*.toml")))


def load(device_id: str) -> Profile:
    """The profile of that id; a name that ends in ``.toml`` is the path of a profile of one's own.

    Raises:
        PortproofError: ``E-DEVICE-UNKNOWN`` with the nearest ids; ``E-FILE-MISSING``; ``E-CONFIG``.
    """
    if device_id.endswith(".toml"):
        return read_all([Path(device_id)])[0]
    if device_id not in {path.stem for path in DATA.glob("*.toml")}:
        raise PortproofError.of([_unknown(device_id)])
    return read_all([DATA / f"{device_id}.toml"])[0]


def load_all(device_ids: tuple[str, ...]) -> list[Profile]:
    """`load` for each; what is wrong with any of them is raised together."""
    profiles: list[Profile] = []
    messages: list[Message] = []
    for device_id in device_ids:
        try:
            profiles.append(load(device_id))
        except PortproofError as error:
            messages += error.messages
    if messages:
        raise PortproofError.of(messages)
    return profiles


def read_all(paths: list[Path]) -> list[Profile]:
    """Read profile files.

    Raises:
        PortproofError: ``E-FILE-MISSING``, ``E-CONFIG``: all that is wrong in all files, by file and key.
    """
    profiles: list[Profile] = []
    messages: list[Message] = []
    for path in paths:
        try:
            profiles.append(Profile.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))))
            messages += _check_name(path, profiles[-1])
        except FileNotFoundError:
            messages.append(Message(code="E-FILE-MISSING", what="there is no such profile", where=str(path)))
        except ValidationError as error:
            messages += [_wrong_key(path, row["loc"], row["msg"]) for row in error.errors()]
        except (OSError, ValueError) as error:  # a TOML or UTF-8 error is a ValueError
            messages.append(Message(code="E-CONFIG", what=f"not a TOML file: {error}", where=str(path)))
    if messages:
        raise PortproofError.of(messages)
    return profiles


def _check_name(path: Path, profile: Profile) -> list[Message]:
    if path.stem == profile.id:
        return []
    return [_wrong_key(path, ("id",), f'is "{profile.id}", but the file is named {path.name}')]


def _wrong_key(path: Path, key: tuple[int | str, ...], what: str) -> Message:
    dotted = ".".join(str(part) for part in key if part != "[key]") or "the whole"
    return Message(
        code="E-CONFIG",
        what=f"{dotted}: {what}",
        where=str(path),
        hint="docs/devices.md lists the keys",
        details={"file": str(path), "key": dotted},
    )


def _unknown(device_id: str) -> Message:
    known = [path.stem for path in sorted(DATA.glob("*.toml"))]
    wanted = device_id.lower().replace("_", "-").replace(" ", "-")
    near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.5)
    near += [name for name in known if wanted and wanted in name and name not in near]
    hint = f"did you mean {' or '.join(near)}?" if near else f"known devices: {', '.join(known)}"
    return Message(
        code="E-DEVICE-UNKNOWN",
        what=f'no device profile is named "{device_id}"',
        hint=f"{hint} (`portproof devices list` shows all; a path to a .toml file names your own)",
        details={"device": device_id, "near": near, "known": known},
    )
