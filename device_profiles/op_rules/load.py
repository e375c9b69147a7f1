"""Rules files by the name of their unit."""

import functools
from typing import TYPE_CHECKING

from portproof.device_profiles import rule_files

if TYPE_CHECKING:
    from portproof.device_profiles.op_rules.schema import OpRules


def units() -> tuple[str, ...]:
    """The units that rules on operators come with Portproof for, by name."""
    return rule_files.units("ops")


@functools.cache
def load(unit: str) -> "OpRules":
    """The rules of a unit.

    Raises:
        PortproofError: ``E-DEVICE-UNKNOWN``: nothing is known of such a unit.
    """
    from portproof.device_profiles.op_rules.schema import OpRules

    return OpRules.model_validate(rule_files.read("ops", unit, "no rules on operators are known"))
