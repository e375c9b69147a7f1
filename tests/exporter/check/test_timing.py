"""Predicted times: a unit's share there, the rest on the CPU; what was never measured has none, and says so."""

from pathlib import Path

import pytest
from tests.exporter.check.nets import model

from portproof.exporter import onnx_io
from portproof.exporter.check.check import check
from portproof.exporter.check.result import UnitResult


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
    nothing = units(path, "galaxy-s24", int8=False)["litert-gpu"]
    assert nothing.predicted is not None


def test_what_was_never_measured_says_so(path: str) -> None:
    found = units(path, "imx-93")["ethos-u"]
    assert found.predicted is None
    assert found.unpredicted == "nothing was measured by way of ethos-u"
    assert check(path, ["litert-gpu"]).units[0].predicted is None
