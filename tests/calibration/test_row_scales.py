"""The noise of dynamic layers with a scale for each row, against numpy and against LiteRT itself."""

from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest
from nets import save, with_weights

from portproof.calibration import quantize, run
from portproof.calibration.row_scales import with_row_scales
from portproof.exporter.tflite import convert
from portproof.runtimes import open as open_model

CHANCE = np.random.default_rng(0)
X = (CHANCE.normal(size=(6, 256)) * np.asarray([[0.01], [1], [3], [0.2], [30], [0]])).astype(np.float32)


def pair(opset: int, layer: str = "MatMul(d, w)", sizes: str = "6,256") -> ir.Model:
    return ir.from_onnx_text(f"""
<ir_version: 10, opset_import: ["" : {opset}]>
net (float[{sizes}] x, float[256,256] w) => (float[{sizes}] y)
{{ q, s, z = DynamicQuantizeLinear(x) d = DequantizeLinear(q, s, z) y = {layer} }}
""")


def rounded(x: np.ndarray) -> np.ndarray:
    low, high = np.minimum(x.min(-1, keepdims=True), 0), np.maximum(x.max(-1, keepdims=True), 0)
    step = np.maximum((high - low) / 255, np.finfo(np.float32).tiny)
    shift = np.rint(-low / step)
    return (np.clip(np.rint(x / step) + shift, 0, 255) - shift) * step


@pytest.mark.parametrize("opset", [17, 18, 21])
def test_each_row_is_rounded_by_its_own_extremes(opset: int) -> None:
    weights = {"w": np.eye(256, dtype=np.float32)}
    plain = run.values(run.session(run.to_bytes(pair(opset))), ["y"], {"x": X, **weights})["y"]
    model = with_row_scales(pair(opset))
    found = run.values(run.session(run.to_bytes(model)), ["y"], {"x": X, **weights})["y"]
    assert np.allclose(found, rounded(X), atol=1e-5)
    assert np.abs(found[0] - X[0]).max() < 1e-3 < np.abs(plain[0] - X[0]).max(), "one scale loses the small row"
    assert not found[5].any()


def test_a_row_of_a_convolution_is_an_image() -> None:
    model = ir.from_onnx_text("""
<ir_version: 10, opset_import: ["" : 21]>
net (float[2,4,3,3] x, float[4,4,1,1] w) => (float[2,4,3,3] y)
{ q, s, z = DynamicQuantizeLinear(x) d = DequantizeLinear(q, s, z) y = Conv(d, w) }
""")
    x = (CHANCE.normal(size=(2, 4, 3, 3)) * np.asarray([0.01, 10]).reshape(2, 1, 1, 1)).astype(np.float32)
    weights = np.eye(4, dtype=np.float32).reshape(4, 4, 1, 1)
    found = run.values(run.session(run.to_bytes(with_row_scales(model))), ["y"], {"x": x, "w": weights})["y"]
    assert np.allclose(found.reshape(2, -1), rounded(x.reshape(2, -1)), atol=1e-5)


def test_it_is_nearer_to_litert_than_onnx_runtime_is(tmp_path: Path) -> None:
    text = '<ir_version: 10, opset_import: ["" : 21]> net (float[6,256] x) => (float[6,256] y) { y = MatMul(x, w) }'
    model = with_weights(ir.from_onnx_text(text), {"w": CHANCE.normal(size=(256, 256))})
    samples = [{"x": X * np.float32(1 + 0.1 * index)} for index in range(6)]
    found = quantize(save(model, tmp_path), tmp_path / "q.onnx", samples, recipe="dynamic")
    convert(found.path, tmp_path / "q.tflite")
    with open_model(tmp_path / "q.tflite", isolated=False) as runner:
        wanted = runner.run(samples[0])["y"]
    written = ir.load(found.path)
    plain = run.values(run.session(run.to_bytes(written)), ["y"], samples[0])["y"]
    rows = run.values(run.session(run.to_bytes(with_row_scales(written))), ["y"], samples[0])["y"]
    near, far = (float(np.abs(each[0] - wanted[0]).max() / np.abs(wanted[0]).max()) for each in (rows, plain))
    assert near < 0.01 < far
