from pathlib import Path

import numpy as np
import onnx
import pytest

from portproof.cli.main import run
from portproof.exporter import export, verify
from portproof.exporter.precision import precision_of

TEXT = '<ir_version: 9, opset_import: ["" : 18]> g (float[2,64] x) => (float[2,64] y) { y = MatMul(x, w) }'


def model(folder: Path) -> Path:
    proto = onnx.parser.parse_model(TEXT)
    weights = np.random.default_rng(0).standard_normal((64, 64)).astype(np.float32)
    proto.graph.initializer.append(onnx.numpy_helper.from_array(weights, "w"))
    onnx.save(proto, folder / "dense.onnx")
    return folder / "dense.onnx"


def test_half_the_bytes_and_a_tolerance_to_match(tmp_path: Path) -> None:
    path = model(tmp_path)
    full = export(str(path), out_dir=tmp_path / "full", targets=["tflite"])
    half = export(str(path), out_dir=tmp_path / "half", targets=["tflite"], fp16=True)
    sizes = [(result.out_dir / "dense.tflite").stat().st_size for result in (full, half)]
    assert sizes[0] - sizes[1] > 64 * 64 * 2 - 600
    assert [precision_of(r.out_dir / "dense.tflite", "tflite") for r in (full, half)] == ["float32", "float16"]
    assert half.exit_status == 0
    assert verify([half.out_dir]).exit_status == 0


def test_the_commands_option(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["export", str(model(tmp_path)), "--fp16", "-t", "tflite", "-o", str(tmp_path / "out")]) == 0
    assert "float16 has 11 bits" in capfd.readouterr().out
