from pathlib import Path

import pytest

from portproof import device_profiles
from portproof.device_profiles import profiles
from portproof.device_profiles.errors import PortproofError
from portproof.device_profiles.loading.places import BUILT_IN

GOOD = """
kind = "device"
id = "my-board"
name = "My board"
vendor = "Me"
soc = "RV1126"
targets = ["tflite"]
[[runtimes]]
name = "XNNPACK"
units = ["cpu"]
kind = "primary"
source = "its manual"
[cpu]
name = "4 x Cortex-A7"
[memory.dram_gbps]
value = 8.5
kind = "derived"
source = "DDR3-1066 x 64 bit"
"""


def board(folder: Path, text: str, name: str = "my-board.toml") -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def refused(device: str) -> PortproofError:
    with pytest.raises(PortproofError) as caught:
        device_profiles.load(device)
    return caught.value


def test_every_profile_is_valid_and_ids_are_the_files() -> None:
    ids = [profile.id for profile in device_profiles.available()]
    assert ids == sorted(path.stem for path in (BUILT_IN / "devices").glob("*.toml"))
    wanted = {"pixel-8", "galaxy-s24", "iphone-15", "raspberry-pi-5", "coral-edge-tpu", "xnnpack-cpu"}
    assert wanted <= set(ids)
    assert "google-tensor-g4" not in ids


def test_every_figure_has_a_source_and_none_is_invented() -> None:
    figures = [figure for profile in device_profiles.available() for figure in profile.figures.values()]
    assert len(figures) > 20
    assert all(figure.source and (figure.value is None) == (figure.kind == "missing") for figure in figures)


def test_a_profile_is_loaded_by_id() -> None:
    profile = device_profiles.load("galaxy-s24")
    assert profile.figures["npu.htp_arch"].value == 75
    assert profile.targets == ("tflite", "onnx")


def test_a_profile_of_ones_own_is_a_path(tmp_path: Path) -> None:
    profile = device_profiles.load(board(tmp_path, GOOD))
    assert profile.figures["memory.dram_gbps"].value == 8.5


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("pixel8", "pixel-8"),
        ("Galaxy_S24", "galaxy-s24"),
        ("coral", "coral-edge-tpu"),
        ("iphone", "iphone-15"),
    ],
)
def test_near_matches_are_shown(typed: str, near: str) -> None:
    error = refused(typed)
    assert (error.code, error.exit_status) == ("E-DEVICE-UNKNOWN", 2)
    assert near in error.messages[0].details["near"]
    assert near in error.messages[0].hint


def test_without_a_near_match_all_are_listed() -> None:
    assert "raspberry-pi-5" in refused("zzz").messages[0].hint


def test_an_id_is_not_a_path() -> None:
    assert refused("../data/pixel-8").code == "E-DEVICE-UNKNOWN"


def test_a_chip_stands_for_any_device_with_it() -> None:
    chip, phone = device_profiles.load("google-tensor-g4"), device_profiles.load("pixel-9")
    assert (chip.kind, chip.figures) == ("soc", phone.figures)


def test_files_alone_name_the_devices(tmp_path: Path) -> None:
    path = board(tmp_path, GOOD)
    assert [profile.id for profile in profiles.load_all((), profile_path=path)] == ["my-board"]
    assert [profile.id for profile in profiles.load_all(("my-board",), profile_path=tmp_path)] == ["my-board"]
    assert profiles.load_all(()) == []


def test_unknown_devices_are_refused_together() -> None:
    with pytest.raises(PortproofError) as caught:
        profiles.load_all(("pixel-8", "pixel-88", "nexus"))
    assert [message.details["device"] for message in caught.value.messages] == ["pixel-88", "nexus"]
