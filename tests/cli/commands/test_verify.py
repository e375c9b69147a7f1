import json
from pathlib import Path

import pytest
from tests.small import NET, save

from portproof import exporter
from portproof.cli.main import run


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    exporter.export(save(tmp_path), out_dir=tmp_path / "out", targets=["onnx"], samples=2)
    return tmp_path


def test_a_sound_folder(exported: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", str(exported / "out")]) == 0
    captured = capfd.readouterr()
    assert captured.out.splitlines()[1].startswith("net.onnx  out ")
    assert captured.err.endswith("ok: 4 files compared with their manifest, 1 models run\n")


def test_a_changed_folder_is_1(exported: Path, capfd: pytest.CaptureFixture[str]) -> None:
    save(exported / "out", NET.replace("0.1,", "0.7,"))
    assert run(["verify", str(exported / "out"), "--json"]) == 1
    document = json.loads(capfd.readouterr().out)
    assert document["ok"] is False
    assert {message["code"] for message in document["messages"]} == {"E-GATE-FILES", "E-GATE-PARITY"}
    (parity,) = document["result"]["parity"]
    assert (parity["file"], parity["passed"]) == ("net.onnx", False)
    assert parity["outputs"][0]["beyond"] > 0


def test_a_reference(exported: Path, capfd: pytest.CaptureFixture[str]) -> None:
    model = str(exported / "net.onnx")
    assert run(["verify", model, "--ref", model, "--samples", "1", "--atol", "1e-6", "-q"]) == 0
    captured = capfd.readouterr()
    assert "1e-06" in captured.out
    assert captured.err == ""


@pytest.mark.parametrize("words", [[], ["absent"], ["absent.tflite", "--ref", "x.onnx"]])
def test_usage(words: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", *words]) == 2
    assert capfd.readouterr().out == ""
