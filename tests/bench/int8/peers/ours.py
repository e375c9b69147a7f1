"""Portproof: RECIPE[+DB] MODEL.onnx CALIBRATION OUT.onnx; with DB a mix of precisions of that SQNR at least."""

import sys

import job

from portproof.calibration import quantize
from portproof.calibration.sensitivity.goal import Goal
from portproof.calibration.sensitivity.targets import Targets

choice, model, calibration, out = sys.argv[1:5]
recipe, _, least = choice.partition("+")
goal = Goal(targets=Targets(min_sqnr_db=float(least))) if least else None
data = f"{calibration}?allow=constant"
job.timed(lambda: quantize(model, out, data, recipe=recipe, allow_constant=True, goal=goal))
