import pytest

from portproof.calibration.sensitivity.predicted import pace
from portproof.device_profiles.cost import predict
from portproof.device_profiles.errors import PortproofError


@pytest.mark.parametrize(
    ("unit", "asked"),
    [
        ("litert-xnnpack", [("cpu", "tflite", "int8"), ("cpu", "tflite", "fp32")]),
        ("qnn-htp", [("npu", "qnn_dlc", "w8a8"), ("npu", "qnn_dlc", "fp16")]),
        ("coreml", [("npu", "coreml", "int8"), ("npu", "coreml", "fp16")]),
    ],
)
def test_each_unit_is_asked_for_as_it_was_measured(
    unit: str, asked: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, ...]] = []

    def predicted(model: str, device: str, *, unit: str, runtime: str, precision: str) -> tuple[float, float, float]:
        assert (model, device) == ("net.onnx", "galaxy-s24")
        seen.append((unit, runtime, precision))
        return float(len(seen)), 0.0, 9.0

    monkeypatch.setattr(predict, "predict_latency", predicted)
    found = pace("net.onnx", "galaxy-s24", unit)
    assert (found.integer_ms, found.float_ms, found.device) == (1.0, 2.0, "galaxy-s24")
    assert seen == asked


@pytest.mark.parametrize(
    ("device", "unit", "what"),
    [(None, "litert-xnnpack", "no device is named"), ("coral-usb", "edge-tpu", "nothing predicts .* on edge-tpu")],
)
def test_what_cannot_be_predicted_is_refused(device: str | None, unit: str, what: str) -> None:
    with pytest.raises(PortproofError, match=what) as raised:
        pace("net.onnx", device, unit)
    assert raised.value.code == "E-USAGE"
