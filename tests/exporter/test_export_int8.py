"""A model in integers beside its float form: every target, calibrated once, and what is refused."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir
import pytest
from tests import small

from portproof.device_profiles.errors import PortproofError
from portproof.device_profiles.profiles import load_all
from portproof.exporter import speed
from portproof.exporter.pipeline import export
from portproof.exporter.quantization import integer_ends
from portproof.exporter.verification import verify

CHANCE = np.random.default_rng(0)
NET = f"""
<ir_version: 10, opset_import: ["" : 23]>
net (float[1,8,12,12] x) => (float[1,6] y)
<float[16,8,3,3] w = {{{", ".join(f"{v:.4f}" for v in CHANCE.normal(size=16 * 72) / 9)}}},
 float[16] b = {{{", ".join(f"{v:.4f}" for v in CHANCE.normal(size=16))}}},
 float[16,6] v = {{{", ".join(f"{v:.4f}" for v in CHANCE.normal(size=96) / 4)}}}, int64[2] axes = {{2, 3}}>
{{
  c = Conv <pads = [1, 1, 1, 1]> (x, w, b)
  r = Relu(c)
  m = ReduceMean <keepdims = 0> (r, axes)
  y = MatMul(m, v)
}}
"""


def data(folder: Path, count: int = 10) -> str:
    samples = [{"x": CHANCE.normal(size=(1, 8, 12, 12)).astype(np.float32)} for _ in range(count)]
    return small.write_data(folder, samples)


@pytest.fixture(autouse=True)
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Timing is no matter of a test."""
    monkeypatch.setattr(speed, "compared", lambda *_: [("", "slower", 1.5)])


def test_every_target_in_integers_beside_its_float_form(tmp_path: Path) -> None:
    given = data(tmp_path / "data")
    result = export(
        small.save(tmp_path, NET),
        out_dir=tmp_path / "out",
        targets=["tflite", "onnx", "coreml"],
        data=given,
        quant="fast",
        atol=["1e-3"],
    )
    assert result.exit_status == 0, result.failed
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {f"net{suffix}.{end}" for suffix in ("", ".int8") for end in ("tflite", "onnx", "mlpackage")} <= names
    (quantization,) = result.report.quantization
    assert (quantization.recipe, quantization.unit, quantization.samples) == ("fast", "litert-xnnpack", 10)
    assert quantization.layers == 2
    assert [step.name for step in quantization.steps] == ["bias correction"]
    assert quantization.agreement is not None
    assert quantization.agreement.layers is not None
    assert quantization.agreement.compared_layers >= 3
    assert quantization.agreement.layers.within_one >= 0.999
    assert quantization.agreement.outputs["y"].within_one >= 0.999
    assert result.report.tflite_integers is not None
    assert result.report.tflite_integers.kernels["CONV_2D"] == 1
    stages = {stage.name: stage.operators for stage in result.report.stages}
    assert stages["quantized"]["QuantizeLinear"] >= 2
    assert "QUANTIZE" not in stages["tflite"]
    assert stages["tflite_int8"]["QUANTIZE"] >= 1
    assert "quantize" in stages["coreml_int8"]
    packages = {package.file: package for package in result.report.coreml}
    assert packages["net.int8.mlpackage"].deployment_target == "iOS17"
    assert packages["net.int8.mlpackage"].float32_operators == ()
    assert not [message for message in result.messages if message.code == "W-FLOAT16"]
    integers = [proof for proof in result.proofs if ".int8." in proof.file]
    assert {proof.target for proof in integers} == {"tflite", "onnx", "coreml"}
    for proof in integers:
        (output,) = proof.parity.outputs
        assert output.sqnr_db > 25
        assert output.tolerance.atol == 0.25, "stated tolerances are of the float files"
    assert verify([str(tmp_path / "out")]).exit_status == 0
    assert [message.code for message in result.messages if message.code == "W-INT8-SLOWER"] == ["W-INT8-SLOWER"]
    assert not any(finding.code == "W-INT8-SLOWER" for finding in result.report.messages), "it differs from run to run"


def test_the_same_bytes_again(tmp_path: Path) -> None:
    model, given = small.save(tmp_path, NET), data(tmp_path / "data")
    for name in "ab":
        export(model, out_dir=tmp_path / name / "out", targets=["tflite", "onnx"], data=given, quant="default")
    assert small.tree(tmp_path / "a") == small.tree(tmp_path / "b")


def test_what_is_calibrated_on_need_not_be_what_is_proven_on(tmp_path: Path) -> None:
    proven = data(tmp_path / "proven", 2)
    result = export(
        small.save(tmp_path, NET),
        out_dir=tmp_path / "out",
        targets=["onnx"],
        data=proven,
        calib=data(tmp_path / "calib", 7),
        quant="fast",
    )
    assert result.report.quantization[0].samples == 7
    assert result.report.quantization[0].unit == "onnxruntime-cpu"
    assert result.report.data is not None
    assert result.report.data.samples == 2


def test_calibration_data_of_another_range_than_declared_are_refused(tmp_path: Path) -> None:
    picture = NET.replace("[1,8,12,12] x", "[1,3,12,12] x").replace("[16,8,3,3] w", "[16,3,3,3] w")
    weights = CHANCE.normal(size=16 * 27) / 5
    picture = re.sub(r"w = \{[^}]*\}", f"w = {{{', '.join(f'{v:.4f}' for v in weights)}}}", picture)
    samples = [{"x": CHANCE.uniform(0, 255, (1, 3, 12, 12)).astype(np.float32)} for _ in range(6)]
    with pytest.raises(PortproofError, match="goes from 0") as caught:
        export(
            small.save(tmp_path, picture),
            out_dir=tmp_path / "out",
            targets=["onnx"],
            data=small.write_data(tmp_path / "data", samples),
            images=["x?scale=0.00392156862745098"],
            quant="fast",
        )
    assert caught.value.code == "E-CALIB-RANGE"
    assert "gives 0 to 1" in caught.value.messages[0].why
    assert not (tmp_path / "out").exists()


@dataclass(frozen=True, kw_only=True)
class Refused:
    options: dict[str, Any]
    code: str
    what: str


@pytest.mark.parametrize(
    "case",
    [
        Refused(options={"quant": "fast"}, code="E-USAGE", what="needs calibration data"),
        Refused(options={"quant": "fats"}, code="E-CALIB-RECIPE", what="no recipe is named 'fats'"),
        Refused(options={"calib": "x.npz"}, code="E-USAGE", what="--calib without --int8 or --quant"),
        Refused(
            options={"quant": "fast", "inputs": ["x=N:1..4x8x12x12"]}, code="E-USAGE", what="needs fixed sizes, and N"
        ),
    ],
    ids=lambda case: case.what[:20],
)
def test_refusals(case: Refused, tmp_path: Path) -> None:
    model = small.save(tmp_path, NET)
    if "inputs" in case.options:
        loaded = ir.load(model)
        loaded.graph.inputs[0].shape = ir.Shape(["N", 8, 12, 12])
        loaded.graph.outputs[0].shape = ir.Shape(["N", 6])
        ir.save(loaded, model)
    with pytest.raises(PortproofError, match=case.what) as caught:
        export(model, out_dir=tmp_path / "out", targets=["onnx"], **case.options)
    assert caught.value.code == case.code
    assert not (tmp_path / "out").exists()


def test_devices_that_read_integers_only_get_integer_inputs_and_outputs(tmp_path: Path) -> None:
    given = data(tmp_path / "data")
    result = export(
        small.save(tmp_path, NET),
        out_dir=tmp_path / "out",
        targets=["tflite"],
        devices=["imx-93"],
        data=given,
        quant="fast",
    )
    (proof,) = (proof for proof in result.proofs if proof.file == "net.int8.tflite")
    assert [spec.dtype for spec in proof.inputs] == ["int8"]
    assert [message.code for message in result.messages].count("W-DEVICE-INTEGERS") == 1
    assert "imx-93" in next(message.what for message in result.messages if message.code == "W-DEVICE-INTEGERS")


def test_one_device_that_reads_floats_too_keeps_them() -> None:
    assert integer_ends(load_all(["imx-93", "coral-edge-tpu"]))
    assert not integer_ends(load_all(["imx-93", "galaxy-s24"]))
    assert not integer_ends([])
