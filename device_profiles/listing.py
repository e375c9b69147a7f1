"""Which profiles to list: by maker, unit, runtime, target, chip and year."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from portproof.device_profiles.errors import PortproofError
from portproof.device_profiles.loading.near import nearest
from portproof.device_profiles.loading.resolve import Resolved
from portproof.device_profiles.profiles import Paths, resolved
from portproof.device_profiles.schema import UNITS, Profile
from portproof.device_profiles.schema.profile import ProfileKind

_YEARS = re.compile(r"^(\d{4})?(?:(\.\.)(\d{4})?)?$")
_TARGETS = ("tflite", "coreml", "onnx")


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What a profile must be; empty for anything.

    Attributes:
        vendor: a part of the maker's name; letter case does not count, here and below.
        unit: ``cpu``, ``gpu`` or ``npu``: it has one; else a part of the name of one.
        runtime: a part of the name of a runtime, or of one that a fitted cost model is for.
        target: what can be written for it.
        soc: a part of the chip's name or number, or of the id of a profile that it extends.
        year: ``2024``, ``2020..2024``, ``2020..`` or ``..2020``; profiles without a year are not among them.
    """

    vendor: str = ""
    unit: str = ""
    runtime: str = ""
    target: str = ""
    soc: str = ""
    year: str = ""


def select(filters: Filters, *, kind: ProfileKind | None = "device", profile_path: Paths = None) -> list[Resolved]:
    """The profiles that pass every filter, by id.

    Raises:
        PortproofError: what `matching` and `profiles.available` raise.
    """
    return matching(resolved(kind, profile_path=profile_path), filters)


def matching(found: Sequence[Resolved], filters: Filters) -> list[Resolved]:
    """Those of some profiles that pass every filter.

    Raises:
        PortproofError: ``E-USAGE``: a year or a target that is none.
    """
    first, last = _years(filters.year)
    if filters.target and filters.target not in _TARGETS:
        hint = nearest(filters.target, list(_TARGETS)) or f"targets are {', '.join(_TARGETS)}"
        raise PortproofError("E-USAGE", f"there is no target {filters.target!r}", hint=hint)
    return [each for each in found if _passes(each, filters) and _of_years(each.profile, first, last)]


def _passes(each: Resolved, filters: Filters) -> bool:
    profile = each.profile
    return (
        _in(filters.vendor, [profile.vendor])
        and (not filters.unit or _has_unit(profile, filters.unit))
        and _in(filters.runtime, [*(row.name for row in profile.runtimes), *(fit.runtime for fit in profile.latency)])
        and (not filters.target or filters.target in profile.targets)
        and _in(filters.soc, [profile.soc, profile.soc_model or "", *each.lineage[1:]])
    )


def _in(part: str, names: Sequence[str]) -> bool:
    return not part or any(part.casefold() in name.casefold() for name in names)


def _has_unit(profile: Profile, unit: str) -> bool:
    if unit.casefold() in UNITS:
        return unit.casefold() in profile.units
    return _in(unit, [each.name or "" for each in profile.units.values()])


def _years(text: str) -> tuple[int, int]:
    """The first and the last year; every year where there is no text."""
    found = _YEARS.match(text)
    if not found or text == "..":
        raise PortproofError("E-USAGE", f"--year {text}: no year", hint="like 2024, 2020..2024, 2020.. or ..2020")
    first, between, last = found.groups()
    begin = int(first) if first else 0
    return begin, int(last) if last else (begin if first and not between else 9999)


def _of_years(profile: Profile, first: int, last: int) -> bool:
    return (first, last) == (0, 9999) or (profile.year is not None and first <= profile.year <= last)
