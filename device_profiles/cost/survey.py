"""Fit everything anew from a survey of many devices: what `data/latency.json` holds, and how well it does.

    python -m portproof.device_profiles.cost.survey MEASUREMENTS.csv IDS.json

IDS.json maps the survey's names of devices to ids of profiles. The networks are those of the shipped file: what they do
is read from graphs once (`components.amounts`), and does not change with measurements.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from portproof.device_profiles.cost import cross_validation as cv
from portproof.device_profiles.cost import deviation, measurements, points, reference, shipped
from portproof.device_profiles.cost.components import traits
from portproof.device_profiles.cost.groups import Group
from portproof.device_profiles.cost.points import Measurement, Points
from portproof.device_profiles.cost.shipped import Calibration, Shipped

SOURCE = (
    "qai-hub-models 0.65.0 (BSD-3-Clause) performance files; ncnn benchmark page; TFLite hosted models; MobileNetV4 "
    "paper, table 6; XNNPACK, Coral, coremltools and MLPerf tables: figures only"
)


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


def fit(rows: list[Measurement], networks: dict[str, dict[str, float]], *, folds: int = 10, seed: int = 0) -> Shipped:
    """The whole model; intervals are from errors on held-out architectures, so this cross-validates."""
    data = points.of_measurements(rows, list(networks))
    marks = traits(list(networks.values()))
    held_out = cv.predict_held_out(data, marks, cv.folds(data, folds, seed))
    references, calibrations, spread = {}, {}, {}
    for kind, members in reference.KINDS.items():
        mine = data.take(cv.kind_rows(data, kind).nonzero()[0])
        references[kind] = reference.fit(mine, marks, kind)
        found = deviation.fit(references[kind], mine, marks)
        width = cv.half_width(data, held_out, cv.kind_rows(data, kind) & cv.calibrated(data))
        scales = [abs(one.log_scale) for group, one in found.items() if data.groups[group].unit in members]
        spread[kind] = sorted(scales)[int(0.8 * len(scales))] + width
        for group, one in found.items():
            calibrations[data.groups[group]] = _calibration(data, group, one, width)
    return Shipped(references=references, calibrations=calibrations, networks=networks, scale_spread=spread)


def _calibration(data: Points, group: int, found: deviation.Deviation, width: float) -> Calibration:
    """Below `CALIBRATED` architectures, the interval widens as their number falls."""
    count = len(set(data.architecture[data.group == group].tolist()))
    wider = max(1.0, (cv.CALIBRATED / count) ** 0.5)
    return Calibration(deviation=found, log_spread=width * wider, architectures=count, source=SOURCE)


def main(csv_path: str, ids_path: str) -> None:
    """Write `data/latency.json`."""
    ids = json.loads(Path(ids_path).read_text(encoding="utf-8"))
    model = fit(renamed(measurements.read_survey(csv_path), ids), shipped.load().networks)
    text = json.dumps(shipped.to_json(model, SOURCE), separators=(",", ":"))
    shipped.DATA.write_text(text.replace("],", "],\n") + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
