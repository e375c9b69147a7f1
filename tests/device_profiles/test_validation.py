from pathlib import Path

import pytest
from tests.device_profiles.loading.bad import GOOD, write

from portproof.device_profiles.errors import PortproofError
from portproof.device_profiles.validation import validate


def test_what_is_built_in_is_right() -> None:
    found = {each.profile.id: each for each in validate()}
    devices = [each for each in found.values() if each.profile.kind == "device"]
    chips = {each.lineage[-1] for each in devices}
    assert (len(devices) >= 40, len(chips) >= 20) == (True, True)


def test_files_that_extend_each_other(tmp_path: Path) -> None:
    base = write(tmp_path / "a", GOOD.replace("my-board", "base"), "base")
    child = 'kind = "device"\nid = "child"\nextends = "base"\nname = "C"\nvendor = "Me"\n'
    own = write(tmp_path / "b", child, "child")
    assert [each.lineage for each in validate([own, base])] == [("base",), ("child", "base")]


def test_all_that_is_wrong_in_all_files(tmp_path: Path) -> None:
    first = write(tmp_path, GOOD.replace("vendor", "vendr"))
    second = write(tmp_path, "kind = ", "broken")
    with pytest.raises(PortproofError) as caught:
        validate([first, second, tmp_path])
    assert {message.details["file"] for message in caught.value.messages} == {str(first), str(second)}


@pytest.mark.parametrize("folder", [False, True])
def test_two_files_for_one_id(tmp_path: Path, folder: bool) -> None:
    paths = [write(tmp_path / "a", GOOD), write(tmp_path / "b", GOOD)]
    with pytest.raises(PortproofError) as caught:
        validate([tmp_path] if folder else paths)
    assert [message.details["files"] for message in caught.value.messages if "files" in message.details] == [
        [str(path) for path in paths]
    ]


def test_the_same_file_twice_is_one_file(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    assert len(validate([path, path, tmp_path])) == 1


def test_files_of_another_format_in_a_folder_of_profiles(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    (tmp_path / "one.json").write_text('{"id": "one"}')
    (tmp_path / "two.yaml").write_text("id: two\n")
    (tmp_path / "three.yml").write_text('id = "three"\n')
    with pytest.raises(PortproofError) as caught:
        validate([tmp_path])
    found = {Path(message.where.partition(":")[0]).name: message.what for message in caught.value.messages}
    assert found["one.json"] == "this is JSON, not TOML"
    assert found["two.yaml"] == "this is YAML, not TOML"
    assert found["three.yml"] == "it is TOML, and not named so"
    assert len(found) == 3


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PortproofError) as caught:
        validate([tmp_path / "absent.toml"])
    assert caught.value.code == "E-FILE-MISSING"
