"""The rules that come with Portproof: a TOML file for each unit and kind of rule, `rules/<kind>-<unit>.toml`."""

import difflib
import tomllib
from pathlib import Path
from typing import Any

from portproof.device_profiles.errors import PortproofError

RULES = Path(__file__).parent / "rules"


def units(kind: str) -> tuple[str, ...]:
    """The units that there are rules of this kind for, by name."""
    return tuple(sorted(path.stem.removeprefix(f"{kind}-") for path in RULES.glob(f"{kind}-*.toml")))


def read(kind: str, unit: str, subject: str) -> dict[str, Any]:
    """The rules of a unit, as they stand in the file.

    Args:
        kind: ``"integer"``, ``"ops"``.
        unit: its name.
        subject: what is not known of another unit, for the message.

    Raises:
        PortproofError: ``E-DEVICE-UNKNOWN`` with the nearest name: nothing is known of such a unit.
    """
    known = units(kind)
    if unit not in known:
        near = difflib.get_close_matches(unit, known, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}?" if near else f"units are {', '.join(known)}"
        raise PortproofError("E-DEVICE-UNKNOWN", f'{subject} of a unit "{unit}"', hint=hint, known=list(known))
    return tomllib.loads((RULES / f"{kind}-{unit}.toml").read_text(encoding="utf-8"))
