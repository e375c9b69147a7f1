"""Predicted times: a unit's share there, the rest on the CPU; what was never measured has none, and says so."""

from pathlib import Path
from typing import Any

import pytest
from tests.exporter.check.nets import model

from portproof.exporter import onnx_io
from portproof.exporter.check.check import check
from portproof.exporter.check.result import UnitResult

DENSE = f"""
<ir_version: 10, opset_import: ["" : 20]>
net (float[4,64] x) => (float[4,32] y) <float[64,32] w = {{{"1," * (64 * 32 - 1)}1}}> {{ s = Relu(x) y = MatMul(s, w) }}
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(onnx_io.save(model(), tmp_path / "net.onnx")[0])


def units(path: str, device: str, *, int8: bool = False) -> dict[str, UnitResult]:
    return {unit.unit: unit for unit in check(path, [device], int8=int8).units}


def test_a_device_that_was_measured(path: str) -> None:
    found = units(path, "galaxy-s24")["qnn-htp-litert"].predicted
    assert found is not None
    assert found.calibrated
    assert 0 < found.low_ms < found.latency_ms < found.high_ms
    assert found.share_on_unit == 1.0
    assert found.as_dict()["predicted_latency_ms"] == found.latency_ms


def test_what_falls_back_is_predicted_on_the_cpu(path: str) -> None:
    whole = units(path, "coral-dev-board", int8=True)
    tpu, cpu = whole["edge-tpu"], whole["litert-xnnpack"]
    assert tpu.predicted is not None
    assert cpu.predicted is not None
    assert tpu.macs_share == 1.0
    assert 0 < tpu.predicted.share_on_unit < 1  # the power, which multiplies nothing, runs on the CPU
    assert any(note.startswith("beside it: ") for note in tpu.predicted.notes)
    nothing = units(path, "galaxy-s24", int8=False)["litert-gpu"]
    assert nothing.predicted is not None


def test_the_parts_of_the_time_are_those_of_the_layers() -> None:
    """Twice the multiply-accumulates on the unit, but the cost model's layers say how long they take."""
    from portproof.device_profiles import load as load_profile
    from portproof.device_profiles.cost.predict import predict_layers
    from portproof.device_profiles.cost.work import Layer
    from portproof.device_profiles.op_rules.facts import OpFacts
    from portproof.exporter.check import timing
    from portproof.exporter.check.operators import Operator
    from portproof.exporter.check.result import Placed

    sizes = {"a": 2 * 10**8, "b": 10**8}
    work = [
        Layer(name=name, kind="conv", macs=macs, inputs=10**5, outputs=10**5, params=10**4, reduction=27, channels=64)
        for name, macs in sizes.items()
    ] + [Layer(name="c", kind="softmax", inputs=10**7, outputs=10**7)]
    placed = tuple(
        Placed(
            operator=Operator(
                facts=OpFacts(dialect="onnx", op="Conv", name=name, inputs=(), outputs=(), attributes={}), macs=macs
            ),
            taken=name == "a",
            on_unit=name == "a",
        )
        for name, macs in (*sizes.items(), ("c", 0))
    )
    found = UnitResult(device="d", processor="npu", unit="u", name="n", form="onnx", placed=placed)
    profile = load_profile("galaxy-s24")
    there = predict_layers(work, profile, unit="npu", runtime="tflite", precision="fp16")
    parts = timing._parts(work, there, there, found)
    assert parts.on_unit == pytest.approx(there.layers[0].latency_ms / there.latency_ms)
    assert parts.on_unit + parts.beside == pytest.approx(1)
    assert abs(parts.on_unit - found.macs_share) > 0.1
    other = timing._parts([Layer(name="z", kind="conv", macs=7)], there, there, found)
    assert other.on_unit == found.macs_share
    assert "multiply-accumulates" in other.notes[0]


def test_large_weights_stay_weights_though_they_are_not_looked_at(tmp_path: Path) -> None:
    """A product with them is no product of two activations, here as in `bench -d`."""
    from portproof.device_profiles import load as load_profile
    from portproof.device_profiles.cost import layers
    from portproof.exporter.check import timing

    source = model(DENSE)
    saved = onnx_io.save(source, tmp_path / "net.onnx")[0]
    held = source.graph.initializers["w"].const_value
    clock = timing.clock(source, {"galaxy-s24": load_profile("galaxy-s24")})
    assert clock is not None
    assert list(clock.work) == list(layers.of_file(saved))
    assert [(layer.kind, layer.params) for layer in clock.work if layer.macs] == [("fc", 64 * 32)]
    assert source.graph.initializers["w"].const_value is held


def test_the_cpu_beside_several_units_is_predicted_once(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from portproof.device_profiles.cost import predict

    asked: list[tuple[str, str, str, str]] = []
    usual = predict.predict_layers

    def counted(work: Any, profile: Any, *, unit: str, runtime: str, precision: str) -> predict.Prediction:
        asked.append((profile.id, unit, runtime, precision))
        return usual(work, profile, unit=unit, runtime=runtime, precision=precision)

    monkeypatch.setattr(predict, "predict_layers", counted)
    found = check(path, ["galaxy-s24", "galaxy-s23"]).units
    assert len(asked) == len(set(asked))
    assert sum(unit.predicted is not None for unit in found) > len({device for device, *_ in asked})
    assert {(device, unit) for device, unit, *_ in asked} >= {("galaxy-s24", "cpu"), ("galaxy-s23", "cpu")}


def test_what_was_never_measured_says_so(path: str) -> None:
    found = units(path, "imx-93")["ethos-u"]
    assert found.predicted is None
    assert found.unpredicted == "nothing was measured by way of ethos-u"
    assert check(path, ["litert-gpu"]).units[0].predicted is None
