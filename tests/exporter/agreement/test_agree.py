"""TFLite's integer kernels against the QDQ model: they agree, and where a scale is wrong it shows."""

from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest

from portproof.calibration import quantize
from portproof.exporter import onnx_io
from portproof.exporter.agreement import agree
from portproof.exporter.agreement.agree import Agreement, agreement
from portproof.exporter.agreement.said import said
from portproof.exporter.agreement.steps import Steps
from portproof.exporter.tflite import convert
from portproof.exporter.tflite.integer import forms
from portproof.exporter.tflite.integer.weights import Weights

CHANCE = np.random.default_rng(0)
NET = f"""
<ir_version: 10, opset_import: ["" : 23]>
net (float[1,8,12,12] x) => (float[1,16,12,12] y)
<float[16,8,3,3] w = {{{", ".join(f"{v:.4f}" for v in CHANCE.normal(size=16 * 72) / 9)}}},
 float[16] b = {{{", ".join(f"{v:.4f}" for v in CHANCE.normal(size=16))}}},
 float[16,16,1,1] v = {{{", ".join(f"{v:.4f}" for v in CHANCE.normal(size=256) / 4)}}}>
{{
  c = Conv <pads = [1, 1, 1, 1]> (x, w, b)
  r = Relu(c)
  d = Conv(r, v, b)
  y = Add(d, r)
}}
"""
SAMPLES = [{"x": CHANCE.normal(size=(1, 8, 12, 12)).astype(np.float32)} for _ in range(10)]
UNIT = "litert-xnnpack"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ir.Model:
    folder = tmp_path_factory.mktemp("qdq")
    onnx_io.save(ir.from_onnx_text(NET), folder / "net.onnx")
    return onnx_io.load(quantize(folder / "net.onnx", folder / "q.onnx", SAMPLES, recipe="fast").path)


def file_of(model: ir.Model, folder: Path) -> Path:
    onnx_io.save(model, folder / "q.onnx")
    convert(folder / "q.onnx", folder / "q.tflite")
    return folder / "q.tflite"


def test_kernels_give_what_the_model_says(model: ir.Model, tmp_path: Path) -> None:
    found = agreement(model, file_of(model, tmp_path), SAMPLES, tmp_path, unit=UNIT)
    assert found.samples == 8
    assert list(found.outputs) == ["y"]
    assert found.outputs["y"].values == 8 * 16 * 144
    assert found.outputs["y"].near
    assert len(found.layers) == 3
    assert found.all_layers.values == 2 * 3 * 16 * 144
    assert found.all_layers.near
    assert found.worst in found.layers
    assert said(found) == []


def test_a_file_with_a_wrong_scale_is_caught(model: ir.Model, tmp_path: Path) -> None:
    other = model.clone()
    scale = other.graph.initializers["w_scale"]
    scale.const_value = ir.tensor(scale.const_value.numpy() * np.float32(1.3), name="w_scale")  # type: ignore[union-attr]
    found = agreement(model, file_of(other, tmp_path), SAMPLES, tmp_path, unit=UNIT)
    assert not found.outputs["y"].near
    assert found.all_layers.near, "the layers are converted anew"


def test_a_wrong_kernel_is_named(model: ir.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = file_of(model, tmp_path)
    own = forms.weights_of

    def wrong(value: ir.Value, axis: int) -> Weights | str:
        found = own(value, axis)
        if isinstance(found, Weights) and value.shape is not None and 3 in value.shape:
            return Weights(value=found.value, scale=found.scale * np.float32(1.5), sums=found.sums)
        return found

    monkeypatch.setattr(forms, "weights_of", wrong)
    found = agreement(model, right, SAMPLES, tmp_path, unit=UNIT)
    assert found.outputs["y"].near, "the file is right, the layers were converted wrongly"
    assert not found.all_layers.near
    assert [name for name, steps in found.layers.items() if not steps.near] == [found.worst]
    (message,) = said(found)
    assert (message.code, message.where) == ("W-INT8-STEPS", found.worst)
    assert found.worst in message.why


def test_too_many_values_are_left_out_and_said(
    model: ir.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agree, "_MOST_VALUES", 100)
    found = agreement(model, file_of(model, tmp_path), SAMPLES[:1], tmp_path, unit=UNIT)
    assert (found.samples, dict(found.layers), found.all_layers, found.worst) == (1, {}, Steps(), "")
    assert "values together" in found.left_out
    assert found.outputs["y"].near
    assert said(found) == []


def test_a_model_without_fixed_scales_has_no_layers(tmp_path: Path) -> None:
    plain = ir.from_onnx_text(NET)
    found = agreement(plain, file_of(plain, tmp_path), SAMPLES[:1], tmp_path, unit=UNIT)
    assert found == Agreement(samples=1, left_out="nothing has a fixed scale")
