"""The compute units of a device, each by the runtime paths that lead to it, and the rules of each path."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from portproof.device_profiles.errors import Message, PortproofError
from portproof.device_profiles.op_rules.load import load, units

if TYPE_CHECKING:
    from portproof.device_profiles.op_rules.schema import OpRules
    from portproof.device_profiles.schema import Profile


@dataclass(frozen=True, kw_only=True)
class Path:
    """One way to run a model on one compute unit.

    Attributes:
        device: the id of the profile, or the name of the unit where rules were asked for by name.
        processor: ``"cpu"``, ``"gpu"`` or ``"npu"``.
        rules: what the unit takes.
        unit_name: what the maker calls it; empty where not known.
        figures: of the unit, by name: rules may hold from one version on.
        added: operators that the profile says it takes too.
        removed: operators that the profile says it refuses.
    """

    device: str
    processor: str
    rules: "OpRules"
    unit_name: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def paths(devices: Sequence[str]) -> tuple[Path, ...]:
    """All paths of several devices, in their order.

    Args:
        devices: ids of profiles, files of profiles, or names of rules (``"litert-gpu"``).

    Raises:
        PortproofError: ``E-DEVICE-UNKNOWN``, ``E-FILE-MISSING``, ``E-CONFIG``; ``E-USAGE``: no device.
    """
    if not devices:
        raise PortproofError("E-USAGE", "no device is named", hint="name one: -d pixel-9; `portproof devices list`")
    wrong: list[Message] = []
    found: list[Path] = []
    for device in devices:
        try:
            found += _of_rules(device) if device in units() else _of_profile(device)
        except PortproofError as error:
            wrong += error.messages
    if wrong:
        raise PortproofError.of(wrong)
    return tuple(found)


def _of_rules(unit: str) -> Iterator[Path]:
    rules = load(unit)
    yield Path(device=unit, processor=rules.processor, rules=rules)


def _of_profile(device: str) -> Iterator[Path]:
    from portproof.device_profiles.profiles import load as load_profile

    profile = load_profile(device)
    return _paths(profile)


def _paths(profile: "Profile") -> Iterator[Path]:
    known = units()
    for unit in (unit for unit in profile.int8_units if unit in known):
        rules = load(unit)
        yield Path(device=profile.id, processor=rules.processor, rules=rules)
