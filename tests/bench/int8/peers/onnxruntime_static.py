"""onnxruntime.quantization, static QDQ per channel: METHOD MODEL.onnx CALIBRATION OUT.onnx [COUNT]."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import job
import numpy as np
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

method, model, calibration, out = sys.argv[1:5]
count = int(sys.argv[5]) if len(sys.argv) > 5 else 0


class Reader(CalibrationDataReader):
    """Gives the samples one by one."""

    def __init__(self) -> None:
        self.rows: Iterator[dict[str, np.ndarray]] = job.samples(calibration, count)

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self.rows, None)


def work() -> None:
    with tempfile.TemporaryDirectory() as folder:
        prepared = str(Path(folder) / "prepared.onnx")
        quant_pre_process(model, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            out,
            Reader(),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod[method],
        )


job.timed(work)
