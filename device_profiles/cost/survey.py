"""Fit everything anew from a survey of many devices: what `data/latency.json` holds, and how well it does.

    python -m portproof.device_profiles.cost.survey MEASUREMENTS.csv [FOLDER]

`data/survey_devices.json` maps the survey's names of devices to ids of profiles, every one. What networks do is in the
shipped file: it does not change with measurements. After a change of `components` it is read anew from FOLDER, which
holds each, and what measurements name for the first time, as ``ARCHITECTURE@SHAPE.onnx``
(`tests/bench/survey_networks.py` makes them).
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from portproof.device_profiles.cost import cross_validation as cv
from portproof.device_profiles.cost import deviation, layers, measurements, new_devices, points, reference, shipped
from portproof.device_profiles.cost.components import UNITS, amounts, traits
from portproof.device_profiles.cost.groups import Group
from portproof.device_profiles.cost.new_devices import Survey
from portproof.device_profiles.cost.points import Measurement, Points
from portproof.device_profiles.cost.shipped import Calibration, Shipped

if TYPE_CHECKING:
    from portproof.device_profiles.schema import Profile

SOURCE = (
    "qai-hub-models 0.65.0 (BSD-3-Clause) performance files; ncnn benchmark page; TFLite hosted models; MobileNetV4 "
    "paper, table 6; XNNPACK, Coral, coremltools and MLPerf tables: figures only"
)
DEVICES = Path(__file__).parent / "data" / "survey_devices.json"


def device_ids() -> dict[str, str]:
    """The ids of profiles by the survey's names of devices."""
    return dict(json.loads(DEVICES.read_text(encoding="utf-8")))


def renamed(rows: list[Measurement], ids: Mapping[str, str]) -> list[Measurement]:
    """The measurements with profile ids for devices; those of devices without a profile keep their names."""
    return [
        Measurement(
            group=Group(
                device=ids.get(row.group.device, row.group.device), unit=row.group.unit, runtime=row.group.runtime,
                precision=row.group.precision,
            ),
            network=row.network, latency_ms=row.latency_ms,
        )
        for row in rows
    ]  # fmt: skip


def fit(
    rows: list[Measurement],
    networks: dict[str, dict[str, float]],
    profiles: "Mapping[str, Profile]",
    *,
    folds: int = 10,
    seed: int = 0,
) -> Shipped:
    """The whole model; intervals are from errors on held-out architectures and chips. Prints the errors on the latter.

    Args:
        rows: the measurements.
        networks: amounts by ``architecture|shape``.
        profiles: of all devices measured, by the names that `rows` give them.
        folds: of architectures.
        seed: deals them out.
    """
    data = points.of_measurements(rows, list(networks))
    marks = traits(list(networks.values()))
    held_out = cv.predict_held_out(data, marks, cv.folds(data, folds, seed))
    references, calibrations, spread = {}, {}, {}
    for unit in UNITS:
        mine = data.take(cv.unit_rows(data, unit).nonzero()[0])
        references[unit] = reference.fit(mine, marks, unit)
        found = deviation.fit(references[unit], mine, marks)
        width = cv.half_width(data, held_out, cv.unit_rows(data, unit) & cv.calibrated(data))
        scales = [abs(one.log_scale) for group, one in found.items() if data.groups[group].unit == unit]
        spread[unit] = sorted(scales)[int(0.8 * len(scales))] + width
        for group, one in found.items():
            calibrations[data.groups[group]] = _calibration(data, group, one, width)
    survey = Survey(points=data, traits=marks, profiles=profiles)
    left = new_devices.leave_out(survey)
    sys.stdout.write(new_devices.table(data, left) + "\n")
    return Shipped(
        references=references, calibrations=calibrations, networks=networks, scale_spread=spread,
        spec_sheets=new_devices.fit(survey, left),
    )  # fmt: skip


def _calibration(data: Points, group: int, found: deviation.Deviation, width: float) -> Calibration:
    """Below `CALIBRATED` architectures, the interval widens as their number falls."""
    count = len(set(data.architecture[data.group == group].tolist()))
    wider = max(1.0, (cv.CALIBRATED / count) ** 0.5)
    return Calibration(deviation=found, log_spread=width * wider, architectures=count, source=SOURCE)


def read_networks(names: Iterable[str], folder: str) -> dict[str, dict[str, float]]:
    """The amounts of networks by ``architecture|shape``, from their files.

    Raises:
        PortproofError: as `layers.of_file` does.
    """
    return {name: amounts(layers.of_file(network_file(folder, name))) for name in names}


def network_file(folder: str, name: str) -> Path:
    """Where a folder of networks has ``architecture|shape``: ``ARCHITECTURE@SHAPE.onnx``, ``?`` as ``_``."""
    return Path(folder) / (name.replace("|", "@").replace("?", "_") + ".onnx")


def main(csv_path: str, folder: str = "") -> None:
    """Write `data/latency.json`."""
    from portproof.device_profiles import load as load_profile

    rows = renamed(measurements.read_survey(csv_path), device_ids())
    profiles = {device: load_profile(device) for device in sorted({row.group.device for row in rows})}
    networks = shipped.networks_of(json.loads(shipped.DATA.read_text(encoding="utf-8"))["networks"])
    if folder:
        networks = read_networks(sorted({row.network for row in rows} | set(networks)), folder)
    model = fit(rows, networks, profiles)
    text = json.dumps(shipped.to_json(model, SOURCE), separators=(",", ":"))
    shipped.DATA.write_text(text.replace("],", "],\n") + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
