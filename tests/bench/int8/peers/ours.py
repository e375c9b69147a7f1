"""Portproof: RECIPE[+DB][@UNIT] MODEL.onnx CALIBRATION OUT.onnx [COUNT].

With DB a mix of precisions of that SQNR at least, with UNIT placed for that one.
"""

import sys
from collections.abc import Iterator

import job
import numpy as np

from portproof.calibration import quantize
from portproof.calibration.sensitivity.goal import Goal
from portproof.calibration.sensitivity.targets import Targets

choice, model, calibration, out = sys.argv[1:5]
chosen, _, unit = choice.partition("@")
recipe, _, least = chosen.partition("+")
goal = Goal(targets=Targets(min_sqnr_db=float(least))) if least else None
count = int(sys.argv[5]) if len(sys.argv) > 5 else 0


class Varied:
    """More samples than the folder has, anew at each reading."""

    def __iter__(self) -> Iterator[dict[str, np.ndarray]]:
        return job.samples(calibration, count)


data = Varied() if count else f"{calibration}?allow=constant"
job.timed(lambda: quantize(model, out, data, recipe=recipe, device=unit or None, allow_constant=True, goal=goal))
