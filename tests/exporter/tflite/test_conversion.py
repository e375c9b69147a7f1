"""The public function, as its users call it."""

from pathlib import Path

import numpy as np
from tests.exporter.tflite.harness import model_of, onnx_outputs, tflite_outputs

import portproof.exporter.tflite
from portproof.exporter import onnx_io

TEXT = """
<ir_version: 10, opset_import: ["" : 23]>
g (float[2,3] x) => (float[2,3] y) { h = Exp(x) y = Neg(h) }
"""


def test_the_function_stays_a_function(tmp_path: Path) -> None:
    """No module below the package may have its name: importing one would take the function's place."""
    model = model_of(TEXT)
    source = onnx_io.save(model, tmp_path / "m.onnx")[0]
    x = np.ones((2, 3), np.float32)
    for number in range(2):
        out = tmp_path / f"{number}.tflite"
        portproof.exporter.tflite.convert(source, out)
        np.testing.assert_allclose(
            tflite_outputs(out.read_bytes(), {"x": x})["y"], onnx_outputs(model, {"x": x})["y"], rtol=1e-6
        )
