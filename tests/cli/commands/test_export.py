import json
from pathlib import Path

import pytest
from tests.small import TWO_INPUTS, UNWRITABLE, save, write_data

from portproof.cli.main import run


def test_a_reader_sees_operators_parity_and_what_next(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data, out = write_data(tmp_path / "data"), tmp_path / "out"
    assert run(["export", save(tmp_path), "--data", data, "-o", str(out)]) == 0
    captured = capfd.readouterr()
    (row,) = [line.split() for line in captured.out.splitlines() if line.startswith("in all")]
    assert row[2:4] == ["4", "3"]
    for file in ("net.tflite", "net.onnx"):
        assert any(line.startswith(f"{file} ") and line.endswith(" ok") for line in captured.out.splitlines())
    assert "allowed 0.0001 x scale (tflite): float32 sums" in captured.out
    for part in ("3 samples from", "convert to TFLite", "wrote, and proven on 3 samples in LiteRT", "next: portproof"):
        assert part in captured.err
    assert str(out / "net.tflite") in captured.err


def test_a_program_sees_the_report(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert run(["export", save(tmp_path), "-o", str(out), "-t", "tflite", "--samples", "1", "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert [message["code"] for message in document["messages"]] == ["W-RANDOM-DATA"]
    assert document["result"]["out_dir"] == str(out)
    assert document["result"]["report"] == json.loads((out / "report.json").read_text())


def test_a_failed_gate_is_1_and_everything_is_written(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    words = ["export", save(tmp_path), "-o", str(out), "-t", "onnx", "--samples", "1", "--metric", "max_abs>1"]
    assert run(words) == 1
    captured = capfd.readouterr()
    assert "E-GATE-METRIC: max_abs of output 'out'" in captured.err
    assert "FAILED on 1 random samples" in captured.err
    assert (out / "net.onnx").exists()


def test_refused_operators_are_listed_once_with_every_place(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["export", save(tmp_path, UNWRITABLE), "-o", str(tmp_path / "out"), "--samples", "1"]) == 3
    err = capfd.readouterr().err
    assert err.count("E-OP-UNSUPPORTED") == 1
    (place,) = [line for line in err.splitlines() if line.startswith("  where: ")]
    assert "node" in place
    assert err.count("node '") == 2
    assert not (tmp_path / "out").exists()


def test_targets_may_be_joined_by_commas(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "x.onnx", "-t", "tflite,nonsense", "-t", "coreml", "-d", "pixel-88"]) == 2
    err = capfd.readouterr().err
    assert "there is no target 'nonsense'" in err
    assert "E-INSTALL" not in err
    assert "did you mean pixel-8" in err


def test_the_configuration_file_gives_defaults(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "portproof.toml").write_text('[export]\ntarget = "onnx"\nsamples = 1\nout = "result"')
    save(tmp_path)
    assert run(["export", "net.onnx"]) == 0
    assert sorted(path.name for path in (tmp_path / "result").iterdir()) == [
        "golden",
        "manifest.json",
        "net.onnx",
        "report.json",
    ]


def test_several_functions_and_what_is_declared_of_them(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "labels.txt").write_text("a\nb\nc\nd\n")
    words = ["export", f"look={save(tmp_path)}", f"add={save(tmp_path, TWO_INPUTS, 'pair.onnx')}", "-t", "tflite"]
    words += ["-o", str(tmp_path / "out"), "--samples", "1", "--image", "image?mean=0.5&std=0.25"]
    words += ["--labels", f"look:pooled={tmp_path / 'labels.txt'}", "--score-threshold", "look:pooled=0.5"]
    assert run(words) == 0
    captured = capfd.readouterr()
    assert "look:\noperators" in captured.out
    assert "look_add.tflite  look:pooled" in captured.out
    assert "look_add.tflite  add:sum" in captured.out
    assert "proven on 2 random samples in LiteRT" in captured.err
    assert run(["inspect", str(tmp_path / "out" / "look_add.tflite")]) == 0
    shown = capfd.readouterr().out
    assert "look input   image" in shown
    assert "look input image: RGB picture; (pixel - 127.5) / 63.75" in shown
    assert "look output pooled: scores from 0.5; labels of its classes in labels.txt" in shown
