import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.device_profiles.loading.bad import GOOD, write

from portproof.cli.main import run
from portproof.device_profiles.loading import places

Capture = pytest.CaptureFixture[str]
SOME = ("pixel-8", "pixel-9", "galaxy-s24", "google-tensor-g*", "snapdragon-8-gen-3", "exynos-25*")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of its own, and a few of the profiles that are built in: reading all of them for each test is slow."""
    some = tmp_path / "some"
    some.mkdir()
    for path in (path for name in SOME for path in places.BUILT_IN.rglob(f"{name}.toml")):
        (some / path.name).symlink_to(path)
    monkeypatch.setattr(places, "BUILT_IN", some)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)


def document(capfd: Capture, *words: str, status: int = 0) -> dict[str, Any]:
    assert run(["devices", *words, "--json"]) == status
    result: dict[str, Any] = json.loads(capfd.readouterr().out)
    return result


def test_list_is_a_table(capfd: Capture) -> None:
    assert run(["devices", "list", "--vendor", "google", "--year", "2023"]) == 0
    out, err = capfd.readouterr()
    head, row = out.splitlines()
    assert head.split() == ["id", "device", "soc", "year", "targets", "units", "NPU", "takes", "found"]
    assert row.split()[:4] == ["pixel-8", "Google", "Pixel", "8"]
    assert "1 profile;" in err


def test_list_for_machines(capfd: Capture) -> None:
    found = document(capfd, "list", "--soc", "snapdragon-8-gen-3")["result"]["devices"]
    devices = {device["id"]: device for device in found}
    assert devices["galaxy-s24"]["npu"]["htp_arch"]["value"] == 75
    assert devices["galaxy-s24"]["place"] == "built in"


def test_list_finds_nothing_or_a_profile_of_ones_own(tmp_path: Path, capfd: Capture) -> None:
    assert run(["devices", "list", "--vendor", "nobody"]) == 0
    assert capfd.readouterr() == ("", "no profile passes; `portproof devices show ID --resolved` tells all of one\n")
    own = write(tmp_path, GOOD)
    assert run(["devices", "list", "--vendor", "me", "--runtime", "xnnpack", "--profile", str(own)]) == 0
    assert "my-board  My board  RV1126        tflite   cpu npu  -          --profile" in capfd.readouterr().out


def test_chips_are_listed_too(capfd: Capture) -> None:
    assert run(["devices", "list", "--socs", "--vendor", "samsung"]) == 0
    assert "exynos-2500" in capfd.readouterr().out


def test_show_tells_what_its_own_file_says(capfd: Capture) -> None:
    assert run(["devices", "show", "galaxy-s24"]) == 0
    out, err = capfd.readouterr()
    assert "snapdragon-8-gen-3" in out
    assert "htp_arch" not in out
    assert "--resolved shows what it inherits" in err


def test_show_tells_all_and_why(capfd: Capture) -> None:
    assert run(["devices", "show", "galaxy-s24", "--resolved", "--why", "--set", "npu.sram_mib=2"]) == 0
    rows = {line.split()[0]: line for line in capfd.readouterr().out.splitlines()}
    assert rows["key"].split() == ["key", "value", "kind", "from", "source"]
    assert "75" in rows["npu.htp_arch"]
    assert re.search(r"snapdragon-8-gen-3\.toml:\d+ ", rows["npu.htp_arch"])
    assert "guess" in rows["npu.sram_mib"]
    assert rows["npu.sram_mib"].count("command line") == 2


def test_show_for_machines(tmp_path: Path, capfd: Capture) -> None:
    own = write(tmp_path, GOOD)
    result = document(capfd, "show", "my-board", "--profile", str(own), "--resolved")["result"]
    assert (result["lineage"], result["place"], result["files"]) == (["my-board"], "--profile", [str(own)])
    values = {row["key"]: row for row in result["values"]}
    assert values["memory.dram_gbps"]["value"] == "8.5"
    assert result["profile"]["memory"]["dram_gbps"]["source"] == "DDR3-1066 x 64 bit"


def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, capfd: Capture) -> None:
    own = write(tmp_path, GOOD.replace("sram_mib", "sram_mb"))
    for words in (["show", str(own)], ["validate", str(own)]):
        messages = document(capfd, *words, status=2)["messages"]
        assert [message["where"] for message in messages] == [f"{own}:13"]
    assert run(["devices", "show", "pixle-8"]) == 2
    assert "did you mean pixel-8" in capfd.readouterr().err


def test_new_is_valid_and_is_found(tmp_path: Path, capfd: Capture) -> None:
    assert run(["devices", "new", "gateway", "--extends", "pixel-9", "--vendor", "Me"]) == 0
    assert capfd.readouterr().out == "portproof-devices/gateway.toml\n"
    assert run(["devices", "validate", "portproof-devices/gateway.toml"]) == 0
    out, err = capfd.readouterr()
    assert out.splitlines()[1].split() == ["gateway", "device", "--profile", "pixel-9", "->", "google-tensor-g4"]
    assert err == "1 profile is right\n"
    found = document(capfd, "list", "--vendor", "Me")["result"]["devices"]
    assert [(each["id"], each["place"]) for each in found] == [("gateway", "project")]
    assert run(["devices", "new", "gateway", "--extends", "pixel-9"]) == 2
    assert "there is such a file" in capfd.readouterr().err


def test_schema_is_a_schema(capfd: Capture) -> None:
    assert run(["devices", "schema"]) == 0
    schema = json.loads(capfd.readouterr().out)
    Draft202012Validator.check_schema(schema)
    assert "sram_mib" in schema["$defs"]["Npu"]["properties"]


def test_every_command_has_help(capfd: Capture) -> None:
    assert run(["devices", "--help"]) == 0
    out = capfd.readouterr().out
    assert all(name in out for name in ("list", "show", "validate", "new", "schema"))
    assert run(["devices", "shwo"]) == 2
