"""Tensors of rank 0 keep their rank all the way: numpy's `ascontiguousarray` would make them one-dimensional."""

from pathlib import Path

import numpy as np
import onnx

from portproof import runtimes
from portproof.exporter import export

TEXT = '<ir_version: 9, opset_import: ["" : 18]> g (float[3] x, float s) => (float[3] y, float t) {%s}'


def test_scalar_inputs_and_outputs(tmp_path: Path) -> None:
    model = tmp_path / "scalars.onnx"
    onnx.save(onnx.parser.parse_model(TEXT % "y = Mul(x, s) t = ReduceSum<keepdims=0>(y)"), model)
    result = export(str(model), out_dir=tmp_path / "out")
    assert result.exit_status == 0
    x, s = np.arange(3, dtype=np.float32), np.float32(2)
    for path in (tmp_path / "out").glob("scalars.*"):
        with runtimes.open(path, isolated=False) as runner:
            assert [spec.shape for spec in runner.inputs] == [(3,), ()]
            out = runner.run({"x": x, "s": np.array(s)})
        assert out["t"].shape == ()
        np.testing.assert_array_equal(out["y"], x * s)
        assert out["t"] == 6
