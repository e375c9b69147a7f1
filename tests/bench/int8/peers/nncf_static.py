"""NNCF's post-training quantization of ONNX: PRESET MODEL.onnx CALIBRATION OUT.onnx."""

import sys

import job
import nncf
import onnx

preset, model, calibration, out = sys.argv[1:5]


def work() -> None:
    rows = list(job.samples(calibration))
    options = {"model_type": nncf.ModelType.TRANSFORMER} if preset == "transformer" else {}
    quantized = nncf.quantize(
        onnx.load(model), nncf.Dataset(rows), subset_size=len(rows), fast_bias_correction=preset != "full", **options
    )
    onnx.save(quantized, out)


job.timed(work)
