import json
from pathlib import Path

import numpy as np
import pytest
from tests.small import images, save

from portproof.cli.main import run


@pytest.fixture
def data(tmp_path: Path) -> str:
    folder = tmp_path / "data"
    folder.mkdir()
    for index, sample in enumerate(images(6)):
        np.savez(folder / f"{index}.npz", **sample)
    return str(folder)


def test_a_model_is_quantized_and_what_was_done_is_told(
    tmp_path: Path, data: str, capfd: pytest.CaptureFixture[str]
) -> None:
    model = save(tmp_path)
    assert run(["quantize", model, "--calib", data, "--html", str(tmp_path / "q.html")]) == 0
    out, err = capfd.readouterr()
    head, *rows = out.splitlines()
    assert head.split() == ["output", "ranges", "alone,", "SQNR", "dB", "written,", "SQNR", "dB"]
    assert {row.split()[0] for row in rows[:2]} == {"out", "pooled"}
    assert "W-CALIB-FEW: 6 calibration samples" in err
    assert "wrote" in err
    assert (tmp_path / "net.int8.onnx").exists()
    assert "net.onnx in integers" in (tmp_path / "q.html").read_text(encoding="utf-8")


def test_json_is_one_document_and_the_table_is_gone_on_with(
    tmp_path: Path, data: str, capfd: pytest.CaptureFixture[str]
) -> None:
    model, table, out = save(tmp_path), tmp_path / "t.npz", tmp_path / "q.onnx"
    words = ["quantize", model, "--calib", data, "--recipe", "fast", "--table", str(table), "-o", str(out), "--json"]
    assert run(words) == 0
    first, written = json.loads(capfd.readouterr().out)["result"], (table.read_bytes(), out.read_bytes())
    assert run(words) == 0
    assert (table.read_bytes(), out.read_bytes()) == written
    assert (first["recipe"], first["unit"], first["samples"], first["held_back"]) == ("fast", "litert-xnnpack", 6, 1)
    assert min(first["accuracy"]["sqnr_db"].values()) > 20


def test_what_stays_float_is_shown_with_its_reason(
    tmp_path: Path, data: str, capfd: pytest.CaptureFixture[str]
) -> None:
    model = save(tmp_path)
    assert run(["quantize", model, "--calib", data, "--recipe", "fast", "--float", "conv"]) == 0
    capfd.readouterr()


@pytest.mark.parametrize(
    ("words", "status"),
    [(["--recipe", "fats"], 2), (["--device", "no-such"], 2), (["--jobs", "0"], 2)],
)
def test_usage(words: list[str], status: int, tmp_path: Path, data: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["quantize", save(tmp_path), "--calib", data, *words]) == status
    assert capfd.readouterr().out == ""
    assert not (tmp_path / "net.int8.onnx").exists()


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_computed(
    tmp_path: Path, data: str, capfd: pytest.CaptureFixture[str]
) -> None:
    model = save(tmp_path)
    before = Path(model).read_bytes()
    (tmp_path / "file").write_text("")
    places = [["-o", model], ["-o", str(tmp_path / "q.tflite")], ["-o", str(tmp_path / "file" / "q.onnx")]]
    places += [
        ["--html", str(tmp_path / "file" / "q.html")],
        ["--table", str(tmp_path / "file" / "t.npz")],
        ["--table", model],
    ]
    for words in places:
        assert run(["quantize", model, "--calib", data, "--recipe", "fast", *words]) == 2, words
        out, err = capfd.readouterr()
        assert "E-OUTPUT" in err
        assert "read the" not in err, words
        assert out == ""
    assert Path(model).read_bytes() == before
    assert {entry.name for entry in tmp_path.iterdir()} == {"net.onnx", "data", "file"}


def test_folders_on_the_way_are_made(tmp_path: Path, data: str, capfd: pytest.CaptureFixture[str]) -> None:
    out, html = tmp_path / "a" / "q.onnx", tmp_path / "b" / "c" / "q.html"
    words = ["quantize", save(tmp_path), "--calib", data, "--recipe", "fast", "-o", str(out), "--html", str(html)]
    assert run(words) == 0
    assert out.exists()
    assert html.exists()
    capfd.readouterr()


def test_a_device_of_ones_own_or_changed_for_one_run(
    tmp_path: Path, data: str, capfd: pytest.CaptureFixture[str]
) -> None:
    model = save(tmp_path)
    words = ["quantize", model, "--calib", data, "--recipe", "fast", "--json", "-d", "imx-93"]
    assert run([*words, "--set", 'int8_units=["litert-reference"]']) == 0
    assert json.loads(capfd.readouterr().out)["result"]["unit"] == "litert-reference"
    assert run([*words, "--set", "npu.sram_mb=2"]) == 2
    assert "did you mean sram_mib?" in json.loads(capfd.readouterr().out)["messages"][0]["hint"]
