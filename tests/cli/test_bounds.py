from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.small import images, save

from portproof.calibration.sensitivity import predicted
from portproof.calibration.sensitivity.pace import Pace
from portproof.cli.bounds import goal
from portproof.cli.main import run
from portproof.device_profiles.errors import PortproofError
from portproof.exporter import clock

NONE: dict[str, Any] = {"min_sqnr": None, "max_drop": None, "metric": None, "max_size": None, "max_latency": None}


def nobody() -> Pace:
    raise AssertionError("nothing is predicted that nobody asked for")


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    folder = tmp_path / "data"
    folder.mkdir()
    for index, sample in enumerate(images(6)):
        np.savez(folder / f"{index}.npz", **sample)
    return ["quantize", save(tmp_path), "--calib", str(folder), "--recipe", "fast"]


def test_without_bounds_there_is_no_goal_and_other_options_stay() -> None:
    options = {**NONE, "seed": 3}
    assert goal(options, nobody) is None
    assert options == {"seed": 3}


def test_bounds_become_targets() -> None:
    found = goal({**NONE, "min_sqnr": 30.0, "max_size": 1.5, "max_drop": 0.5, "metric": "a.py:b"}, nobody)
    assert found is not None
    assert (found.targets.min_sqnr_db, found.targets.max_size_bytes, found.targets.max_drop) == (30, 1_500_000, 0.5)
    assert found.metric == "a.py:b"


@pytest.mark.parametrize(("given", "missing"), [({"metric": "a.py:b"}, "--max-drop"), ({"max_drop": 1.0}, "--metric")])
def test_a_metric_and_its_drop_belong_together(given: dict[str, Any], missing: str) -> None:
    with pytest.raises(PortproofError, match=missing):
        goal({**NONE, **given}, nobody)


def test_the_frontier_is_printed_with_the_choice_marked(
    words: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run([*words, "--min-sqnr", "20", "--untimed"]) == 0
    out = capfd.readouterr().out
    assert "mix of layers" in out
    assert sum(line.startswith("*") for line in out.splitlines()) == 1
    assert (tmp_path / "net.int8.onnx").exists()


def test_bounds_that_nothing_meets_are_a_failed_gate(
    words: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run([*words, "--max-size", "0.00001"]) == 1
    err = capfd.readouterr().err
    assert "E-GATE-METRIC" in err
    assert "more than 10" in err
    assert not (tmp_path / "net.int8.onnx").exists()


def test_a_bound_on_latency_asks_for_a_prediction() -> None:
    pace = Pace(integer_ms=1.0, float_ms=3.0)
    found = goal({**NONE, "max_latency": 2.0}, lambda: pace)
    assert found is not None
    assert (found.targets.max_latency_ms, found.pace) == (2.0, pace)


def test_latency_is_predicted_for_a_device_that_is_named(
    words: list[str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predicted, "pace", lambda *_: Pace(integer_ms=1.0, float_ms=3.0, device="galaxy-s24"))
    assert run([*words, "--max-latency", "2.5", "-d", "litert-xnnpack"]) == 0
    out = capfd.readouterr().out
    assert "predicted ms" in out
    assert run([*words, "--max-latency", "0.5", "-d", "litert-xnnpack"]) == 1
    assert "ms predicted, more than 0.5 ms" in capfd.readouterr().err


def test_without_a_device_no_latency_is_bounded(words: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert run([*words, "--max-latency", "2.5"]) == 2
    assert "no device is named" in capfd.readouterr().err


METRIC = """
import numpy as np

def same(run):
    out = run({"image": np.ones((1, 3, 6, 8), np.float32)})
    return float(len(out))
"""


def test_a_metric_decides_and_layers_that_are_not_int8_are_named(
    words: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "score.py").write_text(METRIC)
    given = [*words, "--max-drop", "0", "--metric", f"{tmp_path / 'score.py'}:same", "--min-sqnr", "45"]
    assert run([*given, "--html", str(tmp_path / "q.html"), "--untimed"]) == 0
    out, err = capfd.readouterr()
    assert "score.py:same: 2, of the float model 2 (ONNX Runtime, inputs: 1)" in out
    assert "W-METRIC-FEW" in err
    (head,) = [line for line in out.splitlines() if line.startswith("layer ")]
    assert "instead of int8" in head
    assert "layers: 1 weight_only" in out
    assert "Conv_0" in out.split(head)[1].splitlines()[1]
    assert "Layers that are not int8" in (tmp_path / "q.html").read_text(encoding="utf-8")


def test_mixes_are_timed_unless_told_otherwise(
    words: list[str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "compared", lambda *_: [("", "slower", 1.5)])
    assert run([*words, "--min-sqnr", "20"]) == 0
    err = capfd.readouterr().err
    assert "1.50 times the float model's time" in err
    assert "W-INT8-SLOWER" in err
    assert run([*words, "--min-sqnr", "20", "--untimed"]) == 0
    assert "W-INT8-SLOWER" not in capfd.readouterr().err


def test_where_a_size_alone_is_bounded_nothing_is_timed() -> None:
    def clockless() -> None:
        raise AssertionError("nobody asked for speed")

    found = goal({**NONE, "max_size": 1.0}, nobody, clockless)
    assert found is not None
    assert found.timing is None
