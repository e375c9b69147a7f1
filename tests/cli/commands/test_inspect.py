import json
from pathlib import Path

import onnx_ir as ir
import pytest

from portproof.cli.main import run
from portproof.exporter import onnx_io

TEXT = """<ir_version: 10, opset_import: ["" : 23]>
net (float[2,3] x) => (float[2,3] y) <float[3] w = {1.0,2.0,3.0}> { a = Add(x, w) b = Relu(a) y = Relu(b) }"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return onnx_io.save(ir.from_onnx_text(TEXT), tmp_path / "net.onnx")[0]


def test_a_reader_gets_tables(file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["inspect", str(file)]) == 0
    out = capfd.readouterr().out
    assert out.startswith("net.onnx: onnx, ")
    assert "3 operators, 3 parameters (12 B)" in out
    assert "memory, planned and not measured: 164 B: 12 B of weights" in out
    assert "input   x     float32  [2, 3]" in out
    assert out.index("Relu          2") < out.index("Add           1")


def test_a_program_gets_json(file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["inspect", str(file), "--json"]) == 0
    result = json.loads(capfd.readouterr().out)["result"]
    assert result["operators"] == {"Add": 1, "Relu": 2}
    assert result["memory"]["least_bytes"] == 3 * 24
    (spec,) = result["inputs"]
    assert {key: spec[key] for key in ("name", "shape", "dtype")} == {"name": "x", "shape": [2, 3], "dtype": "float32"}
    assert spec["perm"] is None
    assert not any(spec[key] for key in ("dims", "own_name", "source_dtype", "scalar"))


@pytest.mark.parametrize(("name", "status"), [("absent.onnx", 2), ("text.txt", 3)])
def test_what_is_no_model_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, status: int) -> None:
    (tmp_path / "text.txt").write_text("hello")
    assert run(["inspect", str(tmp_path / name)]) == status
    captured = capfd.readouterr()
    assert captured.out == ""
    assert name in captured.err
