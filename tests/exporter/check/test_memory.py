"""The memory of a lowered model: as the plan of the file that would be written."""

from pathlib import Path

import numpy as np
from tests.exporter.tflite.harness import model_of

from portproof.exporter import onnx_io
from portproof.exporter.check.check import check
from portproof.exporter.check.memory import planned
from portproof.exporter.coreml.conversion import write_model
from portproof.exporter.tflite.conversion import convert_model
from portproof.runtimes.memory import plan

TEXT = """
<ir_version: 10, opset_import: ["" : 18]>
net (float[1,8,12,12] x) => (float[1,4,12,12] y) {
  a = Conv(x, w)
  b = Relu(a)
  c = MaxPool<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(b)
  d = Add(b, c)
  y = Conv(d, v)
}
"""
WEIGHTS = {"w": np.ones((16, 8, 1, 1), np.float32), "v": np.ones((4, 16, 1, 1), np.float32)}

_FILES = {"litert-xnnpack": "net.tflite", "onnxruntime-cpu": "net.onnx", "coreml-cpu": "net.mlpackage"}


def test_it_is_that_of_the_file_that_would_be_written(tmp_path: Path) -> None:
    model = model_of(TEXT, **WEIGHTS)
    onnx_io.save(model, tmp_path / "net.onnx")
    (tmp_path / "net.tflite").write_bytes(convert_model(model).data)
    write_model(model, tmp_path / "net.mlpackage")
    found = check(str(tmp_path / "net.onnx"), list(_FILES))
    by_unit = {unit.unit: unit for unit in found.units}
    for unit, file in _FILES.items():
        memory, file_plan = by_unit[unit].memory, plan(tmp_path / file)
        assert memory is not None
        assert memory.tensor_bytes == file_plan.least_bytes
        assert memory.at
        assert by_unit[unit].as_dict()["memory"]["tensor_bytes"] == memory.tensor_bytes
        assert abs(memory.weight_bytes - file_plan.weight_bytes) < 200


def test_nothing_takes_nothing() -> None:
    assert planned([]).total_bytes == 0
