import json
from pathlib import Path

import pytest

from portproof.cli.main import run

HEAD = "model,unit,runtime,precision,latency_ms"
ROWS = (
    "tv.resnet50|1x3x224x224,npu,tflite,fp16,3.1",
    "tv.mobilenet_v2|1x3x224x224,npu,tflite,fp16,1.2",
    "tv.googlenet|1x3x224x224,npu,tflite,fp16,1.15",
    "tv.swin_t|1x3x224x224,npu,tflite,fp16,12.5",
)


def measured(folder: Path, *rows: str) -> str:
    path = folder / "mine.csv"
    path.write_text("\n".join((HEAD, *rows)) + "\n", encoding="utf-8")
    return str(path)


def test_a_fit_writes_a_profile_that_is_right(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "board.toml"
    assert run(["devices", "fit", measured(tmp_path, *ROWS), "--extends", "galaxy-s24", "-o", str(out), "--json"]) == 0
    (fit,) = json.loads(capfd.readouterr().out)["result"]["fits"]
    assert (fit["architectures"], fit["runtime"]) == (4, "tflite")
    assert fit["median_ape"] is not None
    assert run(["devices", "validate", str(out)]) == 0
    assert run(["devices", "fit", measured(tmp_path, *ROWS), "--extends", "galaxy-s24", "-o", str(out)]) == 2
    assert "nothing is overwritten" in capfd.readouterr().err


def test_a_bad_row_is_told_with_its_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = measured(tmp_path, *ROWS, "tv.resnet50|1x3x224x224,npu,tflite,fp16,quick")
    assert run(["devices", "fit", path, "--extends", "galaxy-s24", "-o", str(tmp_path / "b.toml")]) == 5
    assert "line 6" in capfd.readouterr().err
    assert not (tmp_path / "b.toml").exists()
