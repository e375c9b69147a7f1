from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.device_profiles.loading.bad import GOOD, refused, write

from portproof.device_profiles import profiles
from portproof.device_profiles.loading.catalog import Catalog
from portproof.device_profiles.loading.resolve import COMMAND_LINE

CHILD = 'kind = "device"\nid = "{id}"\nextends = "{parent}"\nname = "{id}"\nvendor = "Me"\n'


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)


def child(folder: Path, name: str, parent: str, more: str = "") -> Path:
    return write(folder, CHILD.format(id=name, parent=parent) + more, name)


def test_a_chain_of_three_files_and_the_command_line(tmp_path: Path) -> None:
    own = child(tmp_path, "board", "pixel-9", '[npu]\nsram_mib = { value = 4, kind = "primary", source = "us" }\n')
    found = profiles.resolve("board", profile_path=own, overrides=["memory.dram_gbps=32", 'npu.ops-=["Gelu"]'])
    assert found.lineage == ("board", "pixel-9", "google-tensor-g4")
    profile = found.profile
    assert (profile.name, profile.vendor, profile.soc, profile.year) == ("board", "Me", "Google Tensor G4", 2024)
    assert profile.npu is not None
    assert (profile.npu.rules, profile.npu.ops_removed) == (("google-tensor-litert",), ("Gelu",))
    figures = {key: figure.value for key, figure in profile.figures.items() if figure.value is not None}
    assert figures == {"gpu.peak_fp32_gflops": 2526.7, "npu.sram_mib": 4, "memory.dram_gbps": 32}
    origins = {".".join(path): origin for path, (_, origin) in found.layer.items()}
    assert str(origins["npu.sram_mib"]) == f"{own}:7"
    assert origins["year"].file.endswith("devices/pixel-9.toml")
    assert origins["soc"].file.endswith("socs/google-tensor-g4.toml")
    assert (origins["memory.dram_gbps"], origins["npu.ops.Gelu"]) == (COMMAND_LINE, COMMAND_LINE)
    assert (found.place, origins["soc"].place) == ("--profile", "built in")


def test_a_file_that_extends_its_own_id_changes_what_is_built_in(tmp_path: Path) -> None:
    child(tmp_path / "portproof-devices", "pixel-9", "pixel-9", "year = 2031\n")
    found = profiles.resolve("pixel-9")
    assert (found.profile.year, found.lineage) == (2031, ("pixel-9", "pixel-9", "google-tensor-g4"))
    twin = child(tmp_path / "portproof-devices", "board", "board")
    (message,) = refused(device="board")
    assert message.what == 'extends: no profile is named "board" in the places behind this one'
    assert message.where == f"{twin}:3"


def test_a_missing_parent_is_told_where_it_is_named(tmp_path: Path) -> None:
    own = child(tmp_path, "board", "pixel9")
    (message,) = refused(own)
    assert (message.code, message.what) == ("E-CONFIG", 'extends: no profile is named "pixel9"')
    assert message.where == f"{own}:3"
    assert "did you mean pixel-9" in message.hint


def test_cycles(tmp_path: Path) -> None:
    for name, parent in (("a", "b"), ("b", "c"), ("c", "b")):
        child(tmp_path, name, parent)
    (message,) = refused(tmp_path, device="a")
    assert message.what == "extends: a cycle: b -> c -> b"
    assert message.where == f"{tmp_path / 'b.toml'}:3"


def test_what_is_wrong_in_every_file_of_a_chain_comes_at_once(tmp_path: Path) -> None:
    own = child(tmp_path, "board", "base", "yeer = 2031\n")
    base = write(tmp_path, GOOD.replace("my-board", "base").replace('vendor = "Me"', 'vendor = ""'), "base")
    where = [message.where for message in refused(tmp_path, device="board")]
    assert where == [f"{own}:6", f"{base}:4"]


def test_a_borrowed_number_names_a_profile_that_there_is(tmp_path: Path) -> None:
    lent = '[npu]\nclock_ghz = { value = 1, kind = "guess", source = "alike", borrowed_from = "pixle-8" }\n'
    own = child(tmp_path, "board", "pixel-9", lent)
    (message,) = refused(own)
    assert message.what == 'npu.clock_ghz.borrowed_from: no profile is named "pixle-8"'
    assert (message.where, message.hint) == (f"{own}:7", "did you mean pixel-8 or pixel-9?")


def test_what_no_file_states_is_told_of_the_profile(tmp_path: Path) -> None:
    own = write(tmp_path, 'kind = "device"\nid = "bare"\nname = "Bare"\nvendor = "Me"\n', "bare")
    found = refused(own)
    assert [message.what for message in found] == ["soc: is missing", "targets: is missing", "runtimes: is missing"]
    assert {message.where for message in found} == {str(own)}


IDS = Catalog().ids()


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(IDS))
def test_every_value_is_from_a_line_of_a_file_that_there_is(profile_id: str) -> None:
    found = profiles.resolve(profile_id)
    for path, (_, origin) in found.layer.items():
        assert origin.line is not None
        line = Path(origin.file).read_text(encoding="utf-8").splitlines()[origin.line - 1]
        assert path[-1] in line or path[0] in {"latency", "runtimes"} or "ops" in path, (path, line)
    assert [file.stem for file in found.files] == list(found.lineage)
