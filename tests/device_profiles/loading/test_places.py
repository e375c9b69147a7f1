import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from tests.device_profiles.loading.bad import GOOD, refused, write

from portproof.device_profiles import profiles
from portproof.device_profiles.errors import PortproofError
from portproof.device_profiles.loading import places as places_module
from portproof.device_profiles.loading.places import BUILT_IN, places, user_folder


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No profiles of whoever runs the tests."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)


def names(*paths: Path) -> list[str]:
    return [place.name for place in places(paths)]


def test_built_in_alone() -> None:
    (only,) = places()
    assert only.name == "built in"
    assert only.files["pixel-8"] == BUILT_IN / "devices" / "pixel-8.toml"
    assert only.files["google-tensor-g3"] == BUILT_IN / "socs" / "google-tensor-g3.toml"
    assert not only.twice


def test_the_first_place_that_has_an_id_gives_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def named(folder: Path, name: str) -> Path:
        return write(folder, GOOD.replace("My board", name))

    built_in = tmp_path / "built-in"
    monkeypatch.setattr(places_module, "BUILT_IN", built_in)
    package = tmp_path / "site" / "boards_of_mine"
    monkeypatch.syspath_prepend(tmp_path / "site")
    entry = EntryPoint(name="mine", value="boards_of_mine", group=places_module.ENTRY_POINTS)
    monkeypatch.setattr(places_module, "entry_points", lambda *, group: [entry] if group == entry.group else [])
    named(package, "of a package")
    (package / "__init__.py").write_text("raise RuntimeError('code of a package of profiles was run')")
    given = named(tmp_path / "given", "given")
    found = []
    for place in (built_in, user_folder(), tmp_path / "portproof-devices"):
        named(place, place.name)
        found.append(profiles.load("my-board").name)
    assert found == ["of a package", "devices", "portproof-devices"]
    assert profiles.load("my-board", profile_path=given).name == "given"
    assert profiles.load("my-board", profile_path=given.parent).name == "given"
    assert names(given) == ["--profile", "project", "user", "package mine", "built in"]
    assert "boards_of_mine" not in sys.modules


def test_the_project_is_found_from_a_folder_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "portproof-devices" / "boards", GOOD)
    inside = tmp_path / "src" / "deep"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    assert profiles.resolve("my-board").place == "project"


def test_an_entry_point_that_names_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint(name="mine", value="no_such_package", group=places_module.ENTRY_POINTS)
    monkeypatch.setattr(places_module, "entry_points", lambda *, group: [entry])
    with pytest.raises(PortproofError, match="names no_such_package, which is no installed package") as caught:
        places()
    assert caught.value.code == "E-CONFIG"


def test_two_files_for_one_id_in_one_place(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a", GOOD), write(tmp_path / "b", GOOD)
    (message,) = refused(tmp_path, device="my-board")
    assert (message.code, message.where) == ("E-CONFIG", f"{first} and {second}")
    assert message.what == 'two files are named for the id "my-board"'


def test_a_profile_that_is_not_there(tmp_path: Path) -> None:
    (message,) = refused(tmp_path / "absent.toml")
    assert (message.code, message.where) == ("E-FILE-MISSING", str(tmp_path / "absent.toml"))


@pytest.mark.parametrize("name", ["board.json", "board.yaml", "board.yml"])
def test_a_file_of_another_format_given_as_a_device(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text('{"id": "board"}' if name.endswith("json") else "id: board\n")
    (message,) = refused(device=str(tmp_path / name))
    assert message.what == f"this is {'JSON' if name.endswith('json') else 'YAML'}, not TOML"


def test_a_file_of_another_format_in_the_project_is_named(tmp_path: Path) -> None:
    (tmp_path / "portproof-devices").mkdir()
    (tmp_path / "portproof-devices" / "board.yaml").write_text("id: board\n")
    (message,) = refused(device="board")
    assert message.code == "E-DEVICE-UNKNOWN"
    assert message.why == f"{tmp_path / 'portproof-devices' / 'board.yaml'} is not TOML, and profiles are"


@pytest.mark.parametrize(
    ("platform", "variable", "folder"),
    [
        ("linux", "XDG_CONFIG_HOME", "portproof/devices"),
        ("win32", "APPDATA", "portproof/devices"),
        ("darwin", "HOME", "Library/Application Support/portproof/devices"),
    ],
)
def test_the_users_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, variable: str, folder: str
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv(variable, str(tmp_path))
    assert user_folder() == tmp_path / folder
