"""What the page of `portproof quantize` shows of a real run."""

from pathlib import Path

import numpy as np
import onnx_ir as ir

from portproof.calibration import quantize
from portproof.calibration.sensitivity.goal import Goal
from portproof.calibration.sensitivity.targets import Targets
from portproof.exporter import onnx_io
from portproof.exporter.report.html.page import render
from portproof.exporter.report.html.quantized import quantized_page

CHANCE = np.random.default_rng(0)
NET = f"""
<ir_version: 10, opset_import: ["" : 23]>
net (float[1,8,6,6] x) => (float[1,8,6,6] y)
<float[16,8,3,3] w = {{{", ".join(f"{v:.4f}" for v in CHANCE.normal(size=16 * 72) / 9)}}},
 float[8,16,1,1] v = {{{", ".join(f"{v:.4f}" for v in CHANCE.normal(size=128) / 4)}}}>
{{ c = Conv <pads = [1, 1, 1, 1]> (x, w)  r = Relu(c)  s = Softsign(r)  y = Conv(s, v) }}
"""
SAMPLES = [{"x": CHANCE.normal(size=(1, 8, 6, 6)).astype(np.float32)} for _ in range(10)]


def test_outputs_steps_and_what_stays_float(tmp_path: Path) -> None:
    onnx_io.save(ir.from_onnx_text(NET), tmp_path / "net.onnx")
    report = quantize(tmp_path / "net.onnx", tmp_path / "q.onnx", SAMPLES, recipe="fast").report
    page = quantized_page(report, "net.onnx")
    titles = [section.title for section in page.sections]
    assert titles == [
        "Outputs, on the samples held back",
        "Steps, each kept only where it helps",
        "In float",
        "Findings",
    ]
    floats = {operator: (count, why) for operator, count, why in page.sections[2].rows}
    assert floats["Softsign"][0] == 1
    assert "no integer kernel" in str(floats["Softsign"][1])
    assert f"{report.accuracy.sqnr_db:.1f}" in render(page)
    assert "seconds" not in render(page), "durations differ from run to run"


def test_the_frontier_is_plotted_with_what_was_asked_for(tmp_path: Path) -> None:
    onnx_io.save(ir.from_onnx_text(NET), tmp_path / "net.onnx")
    goal = Goal(targets=Targets(min_sqnr_db=20.0))
    report = quantize(tmp_path / "net.onnx", tmp_path / "q.onnx", SAMPLES, recipe="fast", goal=goal).report
    assert report.mix is not None
    assert report.mix["targets"]["min_sqnr_db"] == 20.0
    page = quantized_page(report, "net.onnx")
    (frontier,) = [section for section in page.sections if section.title == "Frontier"]
    assert len(frontier.rows) == len(report.mix["frontier"])
    assert [row[0] for row in frontier.rows].count("chosen") == 1
    assert "asked for: 20 dB" in frontier.svg
    assert frontier.svg.count("<circle") == sum(point["sqnr_db"] is not None for point in report.mix["frontier"])
    (worst,) = [section for section in page.sections if section.title.startswith("What hurts")]
    assert len(worst.rows) == len(report.mix["ranking"])
    guesses = [row for row in worst.rows if row[2].endswith("(estimated)")]
    assert [row[1] for row in guesses] == ["float16"] * len(guesses) != []


def test_layers_that_are_not_int8_are_named_with_their_reasons(tmp_path: Path) -> None:
    onnx_io.save(ir.from_onnx_text(NET), tmp_path / "net.onnx")
    goal = Goal(targets=Targets(min_sqnr_db=42.0))
    report = quantize(tmp_path / "net.onnx", tmp_path / "q.onnx", SAMPLES, recipe="fast", goal=goal).report
    assert report.mix is not None
    page = quantized_page(report, "net.onnx")
    (section,) = [section for section in page.sections if section.title == "Layers that are not int8"]
    assert [row[0] for row in section.rows] == [layer["name"] for layer in report.mix["layers"]]
    assert all(row[2] in ("dynamic", "weight_only", "float16", "float32") and row[4] for row in section.rows)
