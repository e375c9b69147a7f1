import json

import pytest

from portproof.cli.main import run


def test_devices_list_is_a_table(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["devices", "list"]) == 0
    head, *rows = capfd.readouterr().out.splitlines()
    assert head.split() == ["id", "device", "soc", "year", "targets", "accelerator", "takes"]
    assert any(row.startswith("pixel-8 ") and "Google Tensor G3" in row for row in rows)


def test_devices_list_for_machines(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["devices", "list", "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    devices = {device["id"]: device for device in document["result"]["devices"]}
    assert devices["galaxy-s24"]["npu"]["htp_arch"]["value"] == 75
