import re
import tomllib
from pathlib import Path

import pytest

from portproof.device_profiles import profiles
from portproof.device_profiles.errors import PortproofError
from portproof.device_profiles.template import write
from portproof.device_profiles.validation import validate


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)


def test_a_new_profile_says_what_the_old_one_does() -> None:
    path = write("gateway", extends="pixel-9", name="Gateway", vendor="Me")
    assert path == Path("portproof-devices/gateway.toml")
    new, old = profiles.load("gateway"), profiles.load("pixel-9")
    changed = {"id": "gateway", "extends": "pixel-9", "name": "Gateway", "vendor": "Me"}
    assert new == old.model_copy(update=changed)
    assert len(validate([path])) == 1


@pytest.mark.parametrize("parent", ["imx-93", "snapdragon-8-gen-3", "xnnpack-cpu", "iphone-15"])
def test_without_its_comment_signs_it_states_the_same(parent: str) -> None:
    path = write("board", extends=parent)
    body = path.read_text().partition('kind = "device"')[2]
    text = 'kind = "device"' + re.sub(r"^# (?!Lists)", "", body, flags=re.MULTILINE)
    assert tomllib.loads(text).keys() >= {"kind", "id", "extends", "name", "vendor", "soc", "cpu"}
    path.write_text(text)
    inherited = profiles.load(parent)
    stated = profiles.load("board")
    assert stated.figures == inherited.figures
    assert (stated.units, stated.targets, stated.notes) == (inherited.units, inherited.targets, inherited.notes)


def test_it_overwrites_nothing(tmp_path: Path) -> None:
    path = write("board", extends="pixel-9", out=tmp_path / "mine")
    assert path == tmp_path / "mine" / "board.toml"
    before = path.read_text()
    for out in (path, tmp_path / "mine"):
        with pytest.raises(PortproofError, match="there is such a file") as caught:
            write("board", extends="pixel-8", out=out)
        assert (caught.value.code, path.read_text()) == ("E-OUTPUT", before)


@pytest.mark.parametrize(
    ("profile_id", "extends", "code", "what"),
    [
        ("My Board", "pixel-9", "E-CONFIG", "id: is 'My Board'"),
        ("../board", "pixel-9", "E-CONFIG", "id: is '../board'"),
        ("board", "pixel9", "E-DEVICE-UNKNOWN", 'no device profile is named "pixel9"'),
    ],
)
def test_what_is_refused_is_not_written(tmp_path: Path, profile_id: str, extends: str, code: str, what: str) -> None:
    with pytest.raises(PortproofError) as caught:
        write(profile_id, extends=extends)
    assert (caught.value.code, what in caught.value.messages[0].what) == (code, True)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PortproofError, match="cannot be written") as caught:
        write("board", extends="pixel-9", out=tmp_path / "file" / "inside")
    assert caught.value.code == "E-OUTPUT"


def test_a_file_of_another_name_than_the_id(tmp_path: Path) -> None:
    with pytest.raises(PortproofError, match=r"the file is named other\.toml"):
        write("board", extends="pixel-9", out=tmp_path / "other.toml")
    assert not (tmp_path / "other.toml").exists()
