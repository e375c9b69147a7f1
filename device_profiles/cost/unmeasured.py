"""The scale of a device never measured: another device's with its chip, else by its figures, else its family's."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from portproof.device_profiles.cost import spec_sheet
from portproof.device_profiles.cost.deviation import NAMES, Deviation
from portproof.device_profiles.cost.groups import Group
from portproof.device_profiles.cost.shipped import Shipped

if TYPE_CHECKING:
    from portproof.device_profiles.schema import Profile

_NEVER = "uncalibrated: never measured on this device"


@dataclass(frozen=True, kw_only=True)
class Basis:
    """What a prediction stands on: the group's deviation, half of the interval as a logarithm, and how it is known."""

    deviation: Deviation
    log_spread: float
    kind: Literal["fitted", "chip", "spec-sheet", "family"]
    architectures: int = 0
    notes: tuple[str, ...] = ()


def scale(model: Shipped, group: Group, profile: "Profile") -> Basis:
    """What is known of a group without a measurement, and a note that says so."""
    if group.unit not in profile.units:  # an accelerator's host may be any
        return _by_family(model, group)
    return _by_chip(model, group, profile) or _by_figures(model, group, profile) or _by_family(model, group)


def _by_chip(model: Shipped, group: Group, profile: "Profile") -> Basis | None:
    sheets = model.spec_sheets
    other = spec_sheet.sibling(group, model.calibrations, sheets.chip_of, spec_sheet.chip(profile))
    spread = sheets.sibling_spread.get(group.unit)
    if other is None or spread is None or group.family in sheets.worse_by_chip:
        return None
    found = model.calibrations[other]
    apart = sheets.lines[group.family].between(profile, group, other)
    moved = Deviation(log_scale=found.deviation.log_scale + apart, weights=found.deviation.weights)
    note = f"{_NEVER}; its chip was in {other.device}, as {other.runtime} in {other.precision}"
    return Basis(deviation=moved, log_spread=max(found.log_spread, spread), kind="chip", notes=(note,))


def _by_figures(model: Shipped, group: Group, profile: "Profile") -> Basis | None:
    sheets, stated = model.spec_sheets, spec_sheet.stated(profile, group.unit)
    if group.family not in sheets.spreads or not stated:
        return None
    log_scale = sheets.lines[group.family].scale(spec_sheet.values(profile, group.unit, group.runtime))
    chip = sheets.chips.get((spec_sheet.chip(profile), group.unit))
    measured = "" if chip is None else ", and from its chip with other runtimes"
    note = f"{_NEVER}; its scale is from its profile's {', '.join(stated)}{measured}"
    if group.unit == "cpu":
        note += f"; {spec_sheet.threads(group.runtime)} threads"
    found = Deviation(log_scale=log_scale + (chip or 0.0), weights=(0.0,) * len(NAMES))
    return Basis(deviation=found, log_spread=sheets.spreads[group.family], kind="spec-sheet", notes=(note,))


def _by_family(model: Shipped, group: Group) -> Basis:
    none = Deviation(log_scale=0.0, weights=(0.0,) * len(NAMES))
    note = f"{_NEVER}; its scale is that of other devices of its kind"
    return Basis(deviation=none, log_spread=model.scale_spread[group.unit], kind="family", notes=(note,))
