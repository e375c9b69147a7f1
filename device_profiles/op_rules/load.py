"""Rules files by the name of their unit."""

import difflib
import functools
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from portproof.device_profiles.errors import PortproofError

if TYPE_CHECKING:
    from portproof.device_profiles.op_rules.schema import OpRules

RULES = Path(__file__).parent.parent / "rules"


def units() -> tuple[str, ...]:
    """The units that rules on operators come with Portproof for, by name."""
    return tuple(sorted(path.stem.removeprefix("ops-") for path in RULES.glob("ops-*.toml")))


@functools.cache
def load(unit: str) -> "OpRules":
    """The rules of a unit.

    Raises:
        PortproofError: ``E-DEVICE-UNKNOWN``: nothing is known of such a unit.
    """
    from portproof.device_profiles.op_rules.schema import OpRules

    known = units()
    if unit not in known:
        near = difflib.get_close_matches(unit, known, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}?" if near else f"units are {', '.join(known)}"
        what = f'no rules on operators are known of a unit "{unit}"'
        raise PortproofError("E-DEVICE-UNKNOWN", what, hint=hint, known=list(known))
    path = RULES / f"ops-{unit}.toml"
    return OpRules.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
