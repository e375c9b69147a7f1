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
    assert run([*words, "--min-sqnr", "20"]) == 0
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
