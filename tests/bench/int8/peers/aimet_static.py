"""AIMET for ONNX, W8A8, its default scheme, equalised or not: MODE MODEL.onnx CALIBRATION OUT.onnx."""

import sys

import job
import onnx
from aimet_onnx.cross_layer_equalization import equalize_model
from aimet_onnx.quantsim import QuantizationSimModel

mode, model, calibration, out = sys.argv[1:5]


def work() -> None:
    loaded = onnx.load(model)
    rows = list(job.samples(calibration))
    if mode == "cle":
        equalize_model(loaded)
    simulation = QuantizationSimModel(loaded)
    simulation.compute_encodings(rows)
    onnx.save(simulation.to_onnx_qdq(), out)


job.timed(work)
