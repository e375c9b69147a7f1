from pathlib import Path
from typing import Any

import numpy as np
import pytest

from portproof.calibration.sensitivity.metric import load_metric
from portproof.device_profiles.errors import PortproofError

GOOD = """
import numpy as np

def top1(run):
    outputs = run({"x": np.eye(2, dtype=np.float32)})
    return 100.0 * (outputs["y"].argmax(-1) == [0, 1]).mean()

def fails(run):
    raise LookupError("no labels")

def nothing(run):
    return float("nan")

number = 3
"""


def right(inputs: Any) -> dict[str, Any]:
    return {"y": inputs["x"]}


def wrong(inputs: Any) -> dict[str, Any]:
    return {"y": np.roll(inputs["x"], 1, axis=-1)}


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "scores.py"
    path.write_text(GOOD)
    return path


def test_the_metric_runs_the_model(script: Path) -> None:
    metric = load_metric(f"{script}:top1")
    assert [metric(right), metric(wrong)] == [100.0, 0.0]


@pytest.mark.parametrize("spec", ["scores.py", "scores:top1", "scores.py:top 1", ""])
def test_what_is_no_metric(spec: str) -> None:
    with pytest.raises(PortproofError) as caught:
        load_metric(spec)
    assert caught.value.code == "E-USAGE"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PortproofError) as caught:
        load_metric(f"{tmp_path}/no.py:top1")
    assert caught.value.code == "E-FILE-MISSING"


@pytest.mark.parametrize("name", ["none", "number"])
def test_a_function_that_is_not_there(script: Path, name: str) -> None:
    with pytest.raises(PortproofError, match=name):
        load_metric(f"{script}:{name}")


def test_a_metric_that_raises_is_told_with_the_users_line(script: Path) -> None:
    with pytest.raises(PortproofError) as caught:
        load_metric(f"{script}:fails")(right)
    (message,) = caught.value.messages
    assert message.why == "LookupError: no labels"
    assert message.where.endswith("scores.py:9")


def test_a_metric_that_is_no_number(script: Path) -> None:
    with pytest.raises(PortproofError, match="nan"):
        load_metric(f"{script}:nothing")(right)


def test_a_file_that_does_not_load(script: Path) -> None:
    script.write_text("import nothing_of_this_name\n")
    with pytest.raises(PortproofError) as caught:
        load_metric(f"{script}:top1")
    assert caught.value.messages[0].where.endswith("scores.py:1")


def test_a_run_with_the_wrong_inputs_says_which_line_of_the_users(script: Path) -> None:
    def refuses(inputs: Any) -> dict[str, Any]:
        raise PortproofError("E-RUN", "ONNX Runtime stopped", why=f"no input is named {next(iter(inputs))}")

    with pytest.raises(PortproofError, match="no input is named x") as caught:
        load_metric(f"{script}:top1")(refuses)
    assert caught.value.code == "E-CONFIG"
    assert f"{script}:5" in caught.value.messages[0].where
