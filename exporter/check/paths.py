"""The compute units of a device, each by the runtime paths that lead to it, and the rules of each path."""

import os
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
        device: the id of the profile, or the name of the rules where these were asked for by name.
        processor: ``"cpu"``, ``"gpu"`` or ``"npu"``.
        rules: what the unit takes.
        unit_name: what the maker calls it; empty where not known.
        figures: of the unit, by name: rules may hold from one version on.
        added: operators that the profile says it takes too.
        removed: operators that the profile says it refuses.
        chip: of the device; empty where not known.
    """

    device: str
    processor: str
    rules: "OpRules"
    unit_name: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    chip: str = ""


@dataclass(frozen=True, kw_only=True)
class Paths:
    """All paths of several devices.

    Attributes:
        found: in the order of the devices.
        profiles: of the devices that have one.
        messages: units that no rules are known for.
    """

    found: tuple[Path, ...]
    profiles: Mapping[str, "Profile"]
    messages: tuple[Message, ...] = ()


def paths(
    devices: Sequence[str], *, profile_path: Sequence[str | os.PathLike[str]] = (), overrides: Sequence[str] = ()
) -> Paths:
    """All paths of several devices, in their order.

    Args:
        devices: ids of profiles, files of profiles, or names of rules (``"litert-gpu"``).
        profile_path: files and folders of profiles, as ``--profile``.
        overrides: ``"npu.sram_mib=2"``: values for this run, as ``--set``.

    Raises:
        PortproofError: ``E-DEVICE-UNKNOWN``, ``E-FILE-MISSING``, ``E-CONFIG``; ``E-USAGE``: no device.
    """
    from portproof.device_profiles.profiles import load_all

    if not devices:
        raise PortproofError("E-USAGE", "no device is named", hint="name one: -d pixel-9; `portproof devices list`")
    named = dict.fromkeys(devices)
    asked = [device for device in named if device not in units()]
    profiles = dict(zip(asked, load_all(asked, profile_path=profile_path, overrides=overrides), strict=True))
    found, messages = list[Path](), list[Message]()
    for device in named:
        if device in profiles:
            found += _of_profile(profiles[device])
            messages += _without_rules(profiles[device])
        else:
            rules = load(device)
            found.append(Path(device=device, processor=rules.processor, rules=rules))
    return Paths(found=tuple(found), profiles={each.id: each for each in profiles.values()}, messages=tuple(messages))


def _of_profile(profile: "Profile") -> Iterator[Path]:
    for processor, unit in profile.units.items():
        for name in unit.rules:
            rules = _variant(load(name), unit.variant or "")
            yield Path(
                device=profile.id,
                processor=processor,
                rules=rules,
                unit_name=unit.name or "",
                figures={key: figure.value for key, figure in unit.figures() if figure.value is not None},
                added=tuple(unit.ops_added),
                removed=tuple(unit.ops_removed),
                chip=profile.soc,
            )


def _variant(rules: "OpRules", variant: str) -> "OpRules":
    """The rules of a variant of a unit, where it has others."""
    named = [name for prefix, name in rules.variants.items() if variant.startswith(prefix)]
    return load(named[0]) if named else rules


def _without_rules(profile: "Profile") -> Iterator[Message]:
    for processor, unit in profile.units.items():
        if not unit.rules:
            name = f" ({unit.name})" if unit.name else ""
            yield Message(
                code="W-CHECK-UNKNOWN",
                what=f"{profile.id}: nothing is known of what its {processor}{name} takes: it is left out",
                why="its profile names no operator rules",
                hint=f"name rules in the table [{processor}] of a profile of your own: rules = [...]",
            )
