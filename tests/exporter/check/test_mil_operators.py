"""A model as a Core ML package: its operators, and what is known of the Neural Engine."""

import tempfile
from pathlib import Path

import pytest
from tests.exporter.check.nets import CONV, model

from portproof.exporter import onnx_io
from portproof.exporter.check.check import check
from portproof.exporter.check.mil_operators import verdict
from portproof.exporter.coreml.placement import Reason
from portproof.exporter.coreml.residency import OperatorAdvice

RECURRENT = """
<ir_version: 10, opset_import: ["" : 20]>
net (float[1,3,8,8] image, float[5,6] row) => (float[1,4,8,8] out, float[5,6] summed)
<float[4,3,1,1] w = {0.1,0.2,0.3,-0.4,0.5,-0.6,0.7,-0.8,0.9,1.0,-1.1,1.2}, int64 axis = {1}>
{ out = Conv(image, w) summed = CumSum(row, axis) }
"""


def test_units_of_a_phone_and_nothing_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    path = str(onnx_io.save(model(RECURRENT), tmp_path / "net.onnx")[0])
    found = {unit.unit: unit for unit in check(path, ["iphone-15-pro"]).units}
    engine, gpu = found["apple-neural-engine"], found["coreml-gpu"]
    assert (engine.form, engine.advice, gpu.operators_share) == ("mil", True, 1.0)
    assert engine.macs_share == 1.0
    assert "cumsum" in {each.operator.facts.op for each in engine.refused}
    assert 4 * 3 * 64 in {each.operator.macs for each in engine.placed}
    assert list(scratch.iterdir()) == []


def test_rules_by_name_are_those_of_a_recent_chip(tmp_path: Path) -> None:
    path = str(onnx_io.save(model(CONV), tmp_path / "net.onnx")[0])
    (unit,) = check(path, ["apple-neural-engine"]).units
    assert unit.macs_share == 1.0


def test_what_nobody_is_sure_of_is_not_taken() -> None:
    reason = Reason(text="nothing is known of it", confidence="inferred", source="S")
    found = verdict(OperatorAdvice(operator="a", type="b", verdict="unsure", reasons=(reason,)))
    assert (found.taken, found.reasons[0].why, found.source) == (False, "unsure: nothing is known of it", "S")
    assert verdict(OperatorAdvice(operator="a", type="b", verdict="likely")).taken
