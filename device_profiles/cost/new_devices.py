"""How well a device is predicted that was never measured: chips left out in turn, with all their devices."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portproof.device_profiles.cost import cross_validation as cv
from portproof.device_profiles.cost import deviation, reference, spec_sheet
from portproof.device_profiles.cost.components import UNITS, Traits
from portproof.device_profiles.cost.deviation import Deviation
from portproof.device_profiles.cost.groups import Family
from portproof.device_profiles.cost.points import Points
from portproof.device_profiles.cost.reference import Reference, take
from portproof.device_profiles.cost.spec_sheet import Sheet, SpecSheets

if TYPE_CHECKING:
    import numpy as np

    from portproof.device_profiles.schema import Profile

#: Below this many chips, a family's slopes cannot be validated.
_TO_VALIDATE = 3
#: Below this many chips or points, a family's interval is that of its unit if wider.
_TO_SPREAD, _POINTS = 8, 50


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Log milliseconds of every point, float64 [n], without its chip; NaN where that leaves nothing to predict from.

    Attributes:
        family: the family's response alone.
        sheet: that and the scale by the spec sheet.
        sibling: by another device with the same chip; without the device alone.
        chip: the chip of every point.
    """

    family: "np.ndarray"
    sheet: "np.ndarray"
    sibling: "np.ndarray"
    chip: "np.ndarray"


@dataclass(frozen=True, kw_only=True)
class Survey:
    """Measurements of devices whose profiles are known, by their names in `points`."""

    points: Points
    traits: Traits
    profiles: Mapping[str, "Profile"]

    @property
    def chip_of(self) -> dict[str, str]:
        """The chip of every device."""
        return {group.device: spec_sheet.chip(self.profiles[group.device]) for group in self.points.groups}

    def sheets(self, model: Reference, found: Mapping[int, Deviation]) -> list[Sheet]:
        """What the regression reads: of every group with a deviation, by its position."""
        points = self.points
        return [
            Sheet(
                group=group,
                chip=spec_sheet.chip(self.profiles[group.device]),
                values=spec_sheet.values(self.profiles[group.device], group.unit, group.runtime),
                log_scale=deviation.mean_scale(model, model.families.index(group.family), one),
                architectures=len(set(points.architecture[points.group == at].tolist())),
            )
            for at, one in sorted(found.items())
            for group in (points.groups[at],)
        ]


def leave_out(survey: Survey) -> LeftOut:
    """Predict every point without its chip."""
    import numpy as np

    points, chip_of = survey.points, survey.chip_of
    device = np.array([group.device for group in points.groups])[points.group]
    chip = np.array([chip_of[group.device] for group in points.groups])[points.group]
    family, sheet, sibling = (np.full(len(points.log_ms), np.nan) for _ in range(3))
    for unit in UNITS:
        of_unit = cv.unit_rows(points, unit)
        for one in np.unique(chip[of_unit]):
            at = np.flatnonzero(of_unit & (chip == one))
            _by_sheet(survey, unit, np.flatnonzero(of_unit & (chip != one)), at, family, sheet)
            for name in np.unique(device[at]) if len(np.unique(device[at])) > 1 else ():
                mine = of_unit & (device == name)
                _by_sibling(survey, unit, np.flatnonzero(of_unit & ~mine), np.flatnonzero(mine), sibling)
    return LeftOut(family=family, sheet=sheet, sibling=sibling, chip=chip)


def _by_sheet(
    survey: Survey, unit: str, train: "np.ndarray", at: "np.ndarray", family: "np.ndarray", sheet: "np.ndarray"
) -> None:
    points = survey.points
    model = reference.fit(points.take(train), survey.traits, unit)
    found = deviation.fit(model, points.take(train), survey.traits)
    lines, _ = spec_sheet.fit(survey.sheets(model, found))
    for number in set(points.group[at].tolist()):
        group, mine = points.groups[number], at[points.group[at] == number]
        if group.family in model.families:
            family[mine] = _response(survey, model, mine, group.family)
            profile = survey.profiles[group.device]
            scale = lines[group.family].scale(spec_sheet.values(profile, group.unit, group.runtime))
            sheet[mine] = family[mine] + scale if spec_sheet.stated(profile, group.unit) else math.nan


def _by_sibling(survey: Survey, unit: str, train: "np.ndarray", at: "np.ndarray", sibling: "np.ndarray") -> None:
    import numpy as np

    points, chip_of = survey.points, survey.chip_of
    model = reference.fit(points.take(train), survey.traits, unit)
    found = deviation.fit(model, points.take(train), survey.traits)
    lines, _ = spec_sheet.fit(survey.sheets(model, found))
    numbers = {points.groups[number]: number for number in found}
    for number in set(points.group[at].tolist()):
        group, mine = points.groups[number], at[points.group[at] == number]
        other = spec_sheet.sibling(group, numbers, chip_of, chip_of[group.device])
        if other is not None:
            response = _response(survey, model, mine, group.family)
            position = np.full(len(mine), model.families.index(group.family))
            z = deviation.features(model, position, take(survey.traits, points.network[mine]), response)
            apart = lines[group.family].between(survey.profiles[group.device], group, other)
            sibling[mine] = deviation.apply(found[numbers[other]], z, response) + apart


def _response(survey: Survey, model: Reference, rows: "np.ndarray", family: Family) -> "np.ndarray":
    import numpy as np

    position = np.full(len(rows), model.families.index(family))
    return model.predict(position, take(survey.traits, survey.points.network[rows]))


def median_ape(points: Points, predicted: "np.ndarray", rows: "np.ndarray") -> float:
    """The median absolute error, as a share, of the selected points (bool [n])."""
    import numpy as np

    return float(np.median(np.abs(np.exp(predicted - points.log_ms) - 1)[rows]))


def spreads(points: Points, left: LeftOut) -> dict[Family, float]:
    """The half-width of the 80 % interval of every family that spec sheets predict better than the family alone."""
    import numpy as np

    of_point = [points.groups[group].family for group in points.group]
    known = np.isfinite(left.sheet)
    found = {}
    for family in sorted(set(of_point)):
        rows = known & np.array([one == family for one in of_point])
        chips = len(np.unique(left.chip[rows]))
        if chips < _TO_VALIDATE or median_ape(points, left.sheet, rows) >= median_ape(points, left.family, rows):
            continue
        unit = known & np.array([one.unit == family.unit for one in of_point])
        width = cv.half_width(points, left.sheet, rows)
        enough = chips >= _TO_SPREAD and rows.sum() >= _POINTS
        found[family] = width if enough else max(width, cv.half_width(points, left.sheet, unit))
    return found


def table(points: Points, left: LeftOut) -> str:
    """A line a unit and a family: median errors by the family alone, by spec sheets, by another device of the chip."""
    import numpy as np

    of_point = [points.groups[group].family for group in points.group]
    lines = [_line(points, left, f"{unit}, all", cv.unit_rows(points, unit)) for unit in UNITS]
    for family in sorted(set(of_point)):
        rows = np.array([one == family for one in of_point])
        lines.append(_line(points, left, f"{family.unit} {family.runtime} {family.precision}", rows))
    return "\n".join(lines)


def _line(points: Points, left: LeftOut, name: str, rows: "np.ndarray") -> str:
    import numpy as np

    known, twins = rows & np.isfinite(left.sheet), rows & np.isfinite(left.sibling)
    text = f"{name}: {len(np.unique(left.chip[known]))} chips"
    if known.any():
        errors = (median_ape(points, one, known) for one in (left.family, left.sheet))
        text += ", {:.1%} by the family, {:.1%} by figures".format(*errors)
    if twins.any():
        errors = (median_ape(points, one, twins) for one in (left.family, left.sibling))
        text += "; of {} points {:.1%} by the family, {:.1%} by the same chip".format(twins.sum(), *errors)
    return text


def worse_by_chip(points: Points, left: LeftOut) -> frozenset[Family]:
    """Families in which devices with the same chip predict each other worse than the family does."""
    import numpy as np

    of_point = [points.groups[group].family for group in points.group]
    twins = np.isfinite(left.sibling) & np.isfinite(left.family)
    found = {one: twins & np.array([other == one for other in of_point]) for one in set(of_point)}
    return frozenset(
        one
        for one, rows in found.items()
        if rows.any() and median_ape(points, left.sibling, rows) >= median_ape(points, left.family, rows)
    )


def fit(survey: Survey, left: LeftOut) -> SpecSheets:
    """The regression over all devices, with what leaving chips out says of it."""
    import numpy as np

    points = survey.points
    sheets: list[Sheet] = []
    siblings, worse = {}, worse_by_chip(points, left)
    helps = np.array([points.groups[group].family not in worse for group in points.group])
    for unit in UNITS:
        rows = cv.unit_rows(points, unit)
        if not rows.any():
            continue
        mine = points.take(rows.nonzero()[0])
        model = reference.fit(mine, survey.traits, unit)
        sheets += survey.sheets(model, deviation.fit(model, mine, survey.traits))
        if np.isfinite(left.sibling[rows & helps]).any():
            siblings[unit] = cv.half_width(points, left.sibling, rows & helps)
    lines, chips = spec_sheet.fit(sheets)
    return SpecSheets(
        lines=lines, chips=chips, spreads=spreads(points, left), chip_of=survey.chip_of, sibling_spread=siblings,
        worse_by_chip=worse,
    )  # fmt: skip
