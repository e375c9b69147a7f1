"""The cost model that comes with Portproof: fitted once to the public measurements, read from `data/latency.json`."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from portproof.device_profiles.cost.components import TERMS, Traits, traits
from portproof.device_profiles.cost.deviation import Deviation
from portproof.device_profiles.cost.groups import Family, Group
from portproof.device_profiles.cost.reference import SETTINGS, Reference
from portproof.device_profiles.cost.spec_sheet import FEATURES, Line, SpecSheets

DATA = Path(__file__).parent / "data" / "latency.json"


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What is known of one group: its deviation, the half-width of its 80 % interval, on how many architectures."""

    deviation: Deviation
    log_spread: float
    architectures: int
    source: str


@dataclass(frozen=True, kw_only=True)
class Shipped:
    """All that was fitted.

    Attributes:
        references: by unit.
        calibrations: by group; the device is a profile's id.
        networks: amounts by ``architecture|shape``, of the networks measured.
        scale_spread: by unit: the half-width of the 80 % interval, as a logarithm, of a device of which nothing
            is known.
        spec_sheets: what figures of a profile tell of a device never measured.
    """

    references: dict[str, Reference]
    calibrations: dict[Group, Calibration]
    networks: dict[str, dict[str, float]]
    scale_spread: dict[str, float]
    spec_sheets: SpecSheets


@cache
def load() -> Shipped:
    """The shipped model; read once."""
    import json

    return from_json(json.loads(DATA.read_text(encoding="utf-8")))


def from_json(data: dict[str, Any]) -> Shipped:
    """The model from what `to_json` wrote."""
    networks = networks_of(data["networks"])
    points = traits(list(networks.values()))
    return Shipped(
        references={unit: _reference(unit, table, points) for unit, table in data["references"].items()},
        calibrations={
            Group(device=row[0], unit=row[1], runtime=row[2], precision=row[3]): Calibration(
                deviation=Deviation(log_scale=row[4], weights=tuple(row[5])),
                log_spread=row[6],
                architectures=row[7],
                source=data["source"],
            )
            for row in data["groups"]
        },
        networks=networks,
        scale_spread=data["scale_spread"],
        spec_sheets=_spec_sheets(data["spec_sheets"]),
    )


def networks_of(table: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Amounts by name, from rows in the order of `TERMS`."""
    return {name: dict(zip(TERMS, row, strict=True)) for name, row in table.items()}


def _spec_sheets(table: dict[str, Any]) -> SpecSheets:
    families = [(Family(unit=row[0], runtime=row[1], precision=row[2]), row[3:]) for row in table["families"]]
    return SpecSheets(
        lines={
            one: Line(means=tuple(means), weights=tuple(weights), constant=constant)
            for one, (constant, weights, means, _) in families
        },
        chips={(name, unit): effect for name, unit, effect in table["chips"]},
        spreads={one: rest[3] for one, rest in families if rest[3] is not None},
        chip_of=table["chip_of"],
        sibling_spread=table["sibling_spread"],
        worse_by_chip=frozenset(
            Family(unit=row[0], runtime=row[1], precision=row[2]) for row in table["worse_by_chip"]
        ),
    )


def _reference(unit: str, table: dict[str, Any], points: Traits) -> Reference:
    import numpy as np

    return Reference(
        families=tuple(Family(unit=row[0], runtime=row[1], precision=row[2]) for row in table["families"]),
        base=np.array(table["base"]),
        rates=np.array(table["rates"]),
        pair_family=np.array(table["pair_family"], dtype=np.int64),
        pair_network=np.array(table["pair_network"], dtype=np.int64),
        response=np.array(table["response"]),
        alpha=np.array(table["alpha"]),
        traits=points,
        settings=SETTINGS[unit],
    )


def to_json(shipped: Shipped, source: str) -> dict[str, Any]:
    """The model as JSON-able data: six digits are far more than any of its numbers is worth."""
    return {
        "source": source,
        "terms": list(TERMS),
        "networks": {name: _rounded([row[term] for term in TERMS]) for name, row in shipped.networks.items()},
        "references": {unit: _reference_json(reference) for unit, reference in shipped.references.items()},
        "groups": [
            [
                *(group.device, group.unit, group.runtime, group.precision),
                *(_round(found.deviation.log_scale), _rounded(found.deviation.weights)),
                *(_round(found.log_spread), found.architectures),
            ]
            for group, found in sorted(shipped.calibrations.items())
        ],
        "scale_spread": {unit: _round(value) for unit, value in shipped.scale_spread.items()},
        "spec_sheets": _spec_sheets_json(shipped.spec_sheets),
    }


def _spec_sheets_json(found: SpecSheets) -> dict[str, Any]:
    return {
        "features": {unit: list(names) for unit, names in FEATURES.items()},
        "families": [
            [
                *(one.unit, one.runtime, one.precision, _round(line.constant), _rounded(line.weights)),
                *(_rounded(line.means), _round(found.spreads[one]) if one in found.spreads else None),
            ]
            for one, line in sorted(found.lines.items())
        ],
        "chips": [[*key, _round(effect)] for key, effect in sorted(found.chips.items())],
        "chip_of": dict(sorted(found.chip_of.items())),
        "sibling_spread": {unit: _round(value) for unit, value in found.sibling_spread.items()},
        "worse_by_chip": [[one.unit, one.runtime, one.precision] for one in sorted(found.worse_by_chip)],
    }


def _reference_json(reference: Reference) -> dict[str, Any]:
    return {
        "families": [[family.unit, family.runtime, family.precision] for family in reference.families],
        "base": _rounded(reference.base),
        "rates": [_rounded(row) for row in reference.rates],
        "pair_family": reference.pair_family.tolist(),
        "pair_network": reference.pair_network.tolist(),
        "response": _rounded(reference.response),
        "alpha": _rounded(reference.alpha),
    }


def _round(value: float) -> float:
    return float(f"{float(value):.6g}")


def _rounded(values: Any) -> list[float]:
    return [_round(value) for value in values]
