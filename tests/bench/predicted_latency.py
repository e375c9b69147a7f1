"""How well latency of unseen architectures is predicted: the table of docs/latency.md, from the survey of measurements.

    python -m tests.bench.predicted_latency [--seeds 0,1,2,-1]

Needs the folder PORTPROOF_DATA with measured_latency_dev.csv. Each architecture is unseen in every group at once.
"""

import argparse
import os
import sys
from pathlib import Path

import numpy as np

from portproof.device_profiles.cost import cross_validation as cv
from portproof.device_profiles.cost import deviation, measurements, points, reference, shipped
from portproof.device_profiles.cost.components import TERMS, UNITS, traits

FOLDS = 10


def survey():
    """The measurements as points, and the traits of their networks; exits by name where there are none."""
    folder = os.environ.get("PORTPROOF_DATA", "")
    path = Path(folder) / "measured_latency_dev.csv"
    if not folder or not path.is_file():
        print("skipped: PORTPROOF_DATA names no folder with measured_latency_dev.csv")
        sys.exit(0)
    networks = shipped.load().networks
    data = points.of_measurements(measurements.read_survey(path), list(networks))
    return data, traits(list(networks.values()))


def naive(data, marks, fold):
    """Linear in multiply-accumulates, each group for itself, relative errors least."""
    counted = [t for t in TERMS if t.startswith("m_") and t != "m_small" and not t.endswith("padding")]
    macs = marks.amounts[:, [TERMS.index(t) for t in counted]]
    design = np.stack([np.ones(len(macs)), macs.sum(axis=1)], axis=1)[data.network]
    predicted = np.full(len(data.log_ms), np.nan)
    for group in range(len(data.groups)):
        for one in np.unique(fold):
            train, test = ((data.group == group) & where for where in (fold != one, fold == one))
            if train.sum() >= 4 and test.any():
                scaled = design[train] / np.exp(data.log_ms[train])[:, None]
                weights = np.linalg.lstsq(scaled, np.ones(train.sum()), rcond=None)[0]
                predicted[test] = np.log(np.maximum(design[test] @ weights, 1e-3))
    return predicted


def folds_of(data, seed):
    """The folds that a seed deals out; -1: one architecture at a time."""
    return cv.folds(data, FOLDS if seed >= 0 else int(data.architecture.max()) + 1, abs(seed))


def rows_of(data):
    """The rows of the table: which points each is about."""
    unit = np.array([group.unit for group in data.groups])[data.group]
    runtime = np.array([group.runtime for group in data.groups])[data.group]
    calibrated = cv.calibrated(data)
    return {
        "all units": calibrated,
        "NPU, tflite and qnn_dlc": calibrated & (unit == "npu") & np.isin(runtime, ["tflite", "qnn_dlc"]),
        "CPU": calibrated & (unit == "cpu"),
        "GPU": calibrated & (unit == "gpu"),
    }


def coverage(data, predicted, fold):
    """The share of points inside 80 % intervals whose width comes from the other folds, by unit."""
    inside, total = 0, 0
    for unit in UNITS:
        rows = cv.calibrated(data) & cv.unit_rows(data, unit) & np.isfinite(predicted)
        for one in np.unique(fold[rows]):
            test = rows & (fold == one)
            width = cv.half_width(data, predicted, rows & (fold != one))
            inside += int((np.abs(predicted - data.log_ms)[test] <= width).sum())
            total += int(test.sum())
    return inside / total


def new_devices(data, marks):
    """Median error on devices left out: their scale is from one measurement, each of a group in turn."""
    devices = np.array([group.device for group in data.groups])[data.group]
    calibrated, errors = cv.calibrated(data), []
    for unit in UNITS:
        mine = cv.unit_rows(data, unit)
        for device in np.unique(devices[calibrated & mine]):
            model = reference.fit(data.take((mine & (devices != device)).nonzero()[0]), marks, unit)
            for group in np.unique(data.group[calibrated & mine & (devices == device)]):
                errors += _one_scale(data, marks, model, group)
    return float(np.median(np.concatenate(errors)))


def _one_scale(data, marks, model, group):
    if data.groups[group].family not in model.families:
        return []
    at = np.flatnonzero(data.group == group)
    position = np.full(len(at), model.families.index(data.groups[group].family))
    left = data.log_ms[at] - model.predict(position, reference.take(marks, data.network[at]))
    off = np.abs(np.exp(left[:, None] - left[None, :]) - 1)
    return [off[~np.eye(len(at), dtype=bool)]]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", default="0,1,2,-1", help="-1: one architecture at a time")
    data, marks = survey()
    print(f"{len(data.log_ms)} points, {len(data.groups)} groups, {len(deviation.NAMES)} weights a group")
    for seed in map(int, parser.parse_args().seeds.split(",")):
        fold = folds_of(data, seed)
        predicted = cv.predict_held_out(data, marks, fold)
        simple = naive(data, marks, fold)
        dealt = f"folds of seed {seed}" if seed >= 0 else "one architecture at a time"
        print(f"\n{dealt}; 80 % interval holds {coverage(data, predicted, fold):.1%}")
        for name, rows in rows_of(data).items():
            for label, values in (("linear in MACs", simple), ("the model", predicted)):
                found = cv.quality(data, values, rows)
                print(
                    f"{name:26s} {label:15s} n {found.points:4d}  median {found.median_ape:.1%}  "
                    f"within 10 % {found.within_10:.0%}  within 20 % {found.within_20:.0%}  rank {found.rank:.3f}"
                )
    print(f"\na new device, its scale from one measurement: median {new_devices(data, marks):.1%}")


if __name__ == "__main__":
    main()
