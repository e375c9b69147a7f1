"""Predictions of shipped devices, and fits to a user's own file."""

import csv
import tomllib

import numpy as np
import onnx
import pytest

from portproof.device_profiles import load as load_profile
from portproof.device_profiles import predict_latency
from portproof.device_profiles.cost import own, shipped
from portproof.device_profiles.cost.predict import predict, predict_known, predict_layers
from portproof.device_profiles.cost.work import Layer
from portproof.device_profiles.errors import PortproofError


@pytest.fixture
def model(tmp_path):
    def make(channels=64, name="net.onnx"):
        text = """<ir_version: 10, opset_import: ["" : 20]>
            g (float[1,3,64,64] x) => (float[1,10] y) {
            a = Conv<strides=[2,2], pads=[1,1,1,1]>(x, w) r = Relu(a) b = Conv(r, v) p = GlobalAveragePool(b)
            f = Flatten(p) y = Gemm(f, u) }"""
        proto = onnx.parser.parse_model(text)
        for key, shape in (("w", (channels, 3, 3, 3)), ("v", (channels, channels, 1, 1)), ("u", (channels, 10))):
            proto.graph.initializer.append(onnx.numpy_helper.from_array(np.zeros(shape, np.float32), key))
        onnx.save(proto, tmp_path / name)
        return tmp_path / name

    return make


def test_a_prediction_has_an_interval_and_grows_with_the_network(model):
    wanted = {"unit": "npu", "runtime": "qnn_dlc", "precision": "fp16"}
    small = predict_latency(model(32), "galaxy-s24", **wanted)
    large = predict_latency(model(2048), "galaxy-s24", **wanted)
    assert 0 < small[1] < small[0] < small[2]
    assert large[0] > 1.2 * small[0]


def test_parts_of_layers_add_up(model):
    found = predict(model(), "galaxy-s24", unit="npu", runtime="tflite", precision="w8a8")
    assert sum(layer.latency_ms for layer in found.layers) == pytest.approx(found.latency_ms)
    assert [layer.kind for layer in found.layers] == ["conv", "pw", "reduce", "fc"]
    assert found.calibrated
    assert found.as_dict()["predicted"] is True


def test_a_device_that_was_never_measured_is_uncalibrated_and_wide(model):
    known = predict(model(), "galaxy-s24", unit="npu", runtime="qnn_dlc", precision="w8a8")
    other = predict(model(), "galaxy-s21", unit="npu", runtime="qnn_dlc", precision="w8a8")
    assert (other.calibrated, other.kind, other.architectures) == (False, "spec-sheet", 0)
    assert "uncalibrated" in other.notes[0]
    assert "npu.htp_arch" in other.notes[0]
    assert other.high_ms / other.low_ms > known.high_ms / known.low_ms


def test_another_runtime_of_the_same_family_stands_in_and_is_named(model):
    found = predict(model(), "raspberry-pi-5", unit="cpu", runtime="ncnn", precision="fp32")
    assert found.notes[0].startswith("measured on this device as ncnn-")


def test_what_was_never_measured_anywhere_is_refused(model):
    with pytest.raises(PortproofError) as caught:
        predict_latency(model(), "galaxy-s24", unit="npu", runtime="vela", precision="int8")
    assert caught.value.code == "E-USAGE"
    assert "qnn_dlc in int8" in caught.value.messages[0].hint
    with pytest.raises(PortproofError, match="E-USAGE"):
        predict_latency(model(), "galaxy-s24", unit="tpu", runtime="tflite", precision="int8")


def test_a_device_that_was_never_measured_is_predicted_for_the_ways_its_units_are_used(model):
    found = predict_known(model(), "pixel-9")
    ways = {(one.unit, one.runtime, one.precision) for one in found}
    assert {("cpu", "tflite", "fp32"), ("cpu", "tflite", "int8"), ("gpu", "tflite", "fp16")} <= ways
    assert not any(one.calibrated for one in found)
    with pytest.raises(PortproofError, match="no latency was measured on ethos-u55-128"):
        predict_known(model(), "ethos-u55-128")


def test_an_unknown_operator_is_said():
    work = [Layer(name="odd", kind="other", inputs=1000, outputs=1000)]
    found = predict_layers(work, load_profile("galaxy-s24"), unit="npu", runtime="tflite", precision="fp16")
    assert "odd" in found.notes[-1]


def test_the_shipped_model_survives_being_written():
    model = shipped.load()
    again = shipped.from_json(shipped.to_json(model, "here"))
    for kind, reference in model.references.items():
        np.testing.assert_allclose(again.references[kind].alpha, reference.alpha)
    assert again.calibrations.keys() == model.calibrations.keys()
    assert len(model.calibrations) > 300


def write(path, rows, head="model,unit,runtime,precision,latency_ms"):
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def test_a_fit_to_own_measurements_is_a_profile_that_predicts(model, tmp_path):
    wanted = {"unit": "npu", "runtime": "tflite", "precision": "fp16"}
    rows = []
    for channels in (32, 64, 128, 256, 512, 1024):
        path = model(channels, f"net{channels}.onnx")
        rows.append(f"{path.name},npu,tflite,fp16,{3 * predict_latency(path, 'galaxy-s24', **wanted)[0]}")
    (fit,) = own.fit_own(write(tmp_path / "mine.csv", rows), "galaxy-s24")
    assert fit.latency.architectures == 6
    assert fit.latency.median_ape < 0.15
    assert "6 architectures" in own.summary(fit)
    text = own.profile_text((fit,), "board", load_profile("galaxy-s24"))
    assert tomllib.loads(text)["extends"] == "galaxy-s24"
    (tmp_path / "board.toml").write_text(text)
    path = model(256, "net256.onnx")
    ratio = (
        predict(path, str(tmp_path / "board.toml"), **wanted).latency_ms
        / predict_latency(path, "galaxy-s24", **wanted)[0]
    )
    assert ratio == pytest.approx(3, rel=0.1)


def test_two_fits_are_the_same(model, tmp_path):
    path = write(tmp_path / "mine.csv", [f"{model().name},npu,tflite,fp16,1.5"])
    assert own.fit_own(path, "galaxy-s24") == own.fit_own(path, "galaxy-s24")
    assert "too few" in own.summary(own.fit_own(path, "galaxy-s24")[0])


@pytest.mark.parametrize(
    ("rows", "code", "says"),
    [
        (["tv.resnet50|1x3x224x224,npu,tflite,fp16,fast"], "E-DATA-FORMAT", "line 2"),
        (["tv.resnet50|1x3x224x224,npu,tflite,fp16,-1"], "E-DATA-FORMAT", "positive"),
        (["tv.resnet50|1x3x224x224,npu,tflite,fp16,nan"], "E-DATA-FORMAT", "positive"),
        (["tv.resnet50|1x3x224x224,tpu,tflite,fp16,1"], "E-DATA-FORMAT", "cpu, gpu, npu"),
        (["tv.resnet50|1x3x224x224,,tflite,fp16,1"], "E-DATA-FORMAT", "no unit"),
        (["tv.resnet5|1x3x224x224,npu,tflite,fp16,1"], "E-FILE-MISSING", "tv.resnet50"),
        ([], "E-DATA-EMPTY", "no measurement"),
    ],
)
def test_bad_files_are_told_line_by_line(tmp_path, rows, code, says):
    with pytest.raises(PortproofError) as caught:
        own.fit_own(write(tmp_path / "bad.csv", rows), "galaxy-s24")
    assert caught.value.code == code
    assert says in str(caught.value)


def test_a_file_without_the_columns_or_that_is_none_is_refused(tmp_path):
    with pytest.raises(PortproofError, match="latency_ms"):
        own.fit_own(write(tmp_path / "a.csv", ["x,npu"], head="model,unit"), "galaxy-s24")
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00model")
    with pytest.raises(PortproofError, match="UTF-8"):
        own.fit_own(tmp_path / "b.csv", "galaxy-s24")
    with pytest.raises(PortproofError, match="no such file"):
        own.fit_own(tmp_path / "none.csv", "galaxy-s24")


def test_every_known_architecture_is_a_row_of_the_csv_grammar(tmp_path):
    names = sorted(shipped.load().networks)[::8]
    with (tmp_path / "all.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["model", "unit", "runtime", "precision", "latency_ms"])
        writer.writerows([name, "cpu", "tflite", "fp32", 5.0] for name in names)
    (fit,) = own.fit_own(tmp_path / "all.csv", "galaxy-s24")
    assert len(fit.seen) == fit.latency.measurements == len(names)
    assert "optimistic" in own.summary(fit)
