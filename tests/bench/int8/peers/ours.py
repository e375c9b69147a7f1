"""Portproof: RECIPE MODEL.onnx CALIBRATION OUT.onnx."""

import sys

import job

from portproof.calibration import quantize

recipe, model, calibration, out = sys.argv[1:5]
data = f"{calibration}?allow=constant"
job.timed(lambda: quantize(model, out, data, recipe=recipe, allow_constant=True))
