import json
from pathlib import Path

import pytest
from tests.small import save

from portproof.cli.main import run

FEW = ["--loads", "3", "--rounds", "6", "--budget", "1"]


def test_two_files_are_compared_on_this_host(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    first, second = save(tmp_path), save(tmp_path, name="same.onnx")
    assert run(["bench", first, second, *FEW]) == 0
    out = capfd.readouterr().out
    assert out.startswith("measured on this host, not on a device: ")
    rows = {line.split()[0]: line for line in out.splitlines() if line}
    assert any(word in rows[second] for word in ("faster", "slower", "cannot tell"))
    assert f"slowest operators of {first}:" in out


def test_json(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", save(tmp_path), *FEW, "--threads", "2", "--json"]) == 0
    result = json.loads(capfd.readouterr().out)["result"]
    assert (result["threads"], result["compared_by"]) == (2, "wall")
    assert result["measured_on"] == "this host, not a device"
    (timing,) = result["files"]
    assert timing["loads"] == 3
    assert timing["against_first"] is None


@pytest.mark.parametrize(("words", "status"), [([], 2), (["absent.onnx"], 2), (["net.onnx", "--loads", "0"], 2)])
def test_usage(
    words: list[str],
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    save(tmp_path)
    assert run(["bench", *words]) == status
    assert capfd.readouterr().out == ""


def test_a_device_is_predicted_and_never_called_measured(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from onnx import parser, save_model

    path = tmp_path / "net.onnx"
    save_model(
        parser.parse_model('<ir_version: 8, opset_import: ["": 17]> g (float[2,8] x) => (float[2,8] y) { y = Exp(x) }'),
        path,
    )
    words = ["bench", str(path), "-d", "coral-edge-tpu", "--loads", "1", "--rounds", "2"]
    assert run([*words, "--json"]) == 0
    rows = json.loads(capfd.readouterr().out)["result"]["predicted"]
    assert rows
    assert all(
        row["predicted"] is True and row["low_ms"] < row["predicted_latency_ms"] < row["high_ms"] for row in rows
    )
    assert all(row["planned_memory"] == {"weight_bytes": 0, "tensor_bytes": 128, "unknown": []} for row in rows)
    assert any(row["predicted_energy_mj"] for row in rows)
    assert run(words) == 0
    out = capfd.readouterr().out
    assert "predicted, not measured" in out
    assert "planned memory: of the file as it is" in out
    assert "0 B + 128 B" in out
    assert "predicted mJ: the unit's power" in out
