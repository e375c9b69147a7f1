"""Portproof: RECIPE[+DB][!task][@UNIT] MODEL.onnx CALIBRATION OUT.onnx [COUNT].

With DB a mix of precisions of that SQNR at least, with !task the one that keeps the case's task and is not slower than
float here, with UNIT placed for that one. What a search found is left beside OUT.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import job
import numpy as np
import task_score

from portproof.calibration import quantize
from portproof.calibration.sensitivity.goal import Goal
from portproof.calibration.sensitivity.targets import Targets
from portproof.exporter.clock import host_timing
from portproof.runtimes.progress import Silent

choice, model, calibration, out = sys.argv[1:5]
chosen, _, unit = choice.partition("@")
chosen, _, task = chosen.partition("!")
recipe, _, least = chosen.partition("+")
metric = f"{task_score.__file__}:kept" if task else ""
targets = Targets(min_sqnr_db=float(least) if least else None, max_drop=0.0 if task else None)
count = int(sys.argv[5]) if len(sys.argv) > 5 else 0
os.environ[task_score.CASE] = str(Path(model).parent)


class Varied:
    """More samples than the folder has, anew at each reading."""

    def __iter__(self) -> Iterator[dict[str, np.ndarray]]:
        return job.samples(calibration, count)


def work() -> None:
    """Quantizes, and leaves what was found."""
    with host_timing(model, unit or "litert-xnnpack", Silent()) as timing:
        goal = (
            Goal(targets=targets, metric=metric, timing=timing if task else None) if targets.asks_for_accuracy else None
        )
        done = quantize(model, out, data, recipe=recipe, device=unit or None, allow_constant=True, goal=goal)
    if done.report.mix:
        Path(out).with_suffix(".mix.json").write_text(json.dumps(done.report.mix), encoding="utf-8")


data = Varied() if count else f"{calibration}?allow=constant"
job.timed(work)
