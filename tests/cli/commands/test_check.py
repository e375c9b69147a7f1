"""`portproof check`: the matrix on stdout, one JSON document, exit codes."""

import json
from pathlib import Path

import pytest
from tests.small import save

from portproof.cli.main import run


def test_a_matrix(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["check", save(tmp_path), "-d", "litert-gpu", "-d", "litert-xnnpack"]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["device", "litert-gpu", "litert-xnnpack"]


def test_a_limit_that_is_not_met(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["check", save(tmp_path), "-d", "edge-tpu", "--fail-under", "npu=95%", "--json"]) == 1
    document = json.loads(capfd.readouterr().out)
    assert (document["ok"], document["messages"][0]["code"]) == (False, "E-GATE-COVERAGE")
    unit = document["result"]["units"][0]
    assert (unit["unit"], unit["macs_share"], unit["placed"][0]["taken"]) == ("edge-tpu", 0.0, False)


def test_a_device_is_needed(tmp_path: Path) -> None:
    assert run(["check", save(tmp_path)]) == 2
