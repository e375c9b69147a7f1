"""A file is written whole, or what was there stays."""

import os
from pathlib import Path

import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.whole_file import require_writable, whole_file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "net.onnx").write_text("old")
    return tmp_path / "net.onnx"


def test_it_takes_its_place_at_the_end(path: Path) -> None:
    with whole_file(path) as part:
        part.write_text("new")
        assert (path.read_text(), part.suffix) == ("old", ".onnx")
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


def _fail_half_way(path: Path, error: type[BaseException]) -> None:
    with whole_file(path) as part:
        part.write_text("half")
        raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_what_was_there_stays_when_it_is_not_finished(path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error):
        _fail_half_way(path, error)
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def test_folders_are_made_and_left_only_with_a_file_in_them(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "net.onnx"
    with pytest.raises(ValueError, match=r"^$"):
        _fail_half_way(path, ValueError)
    assert list(tmp_path.iterdir()) == []
    with whole_file(path) as part:
        part.write_text("new")
    assert path.read_text() == "new"


def _nowhere(tmp_path: Path) -> list[Path]:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    return [tmp_path / "file" / "net.onnx", tmp_path / "folder"]


@pytest.mark.parametrize("which", [0, 1])
def test_a_place_that_cannot_be_written_to_is_told(tmp_path: Path, which: int) -> None:
    path = _nowhere(tmp_path)[which]
    with pytest.raises(PortproofError) as caught, whole_file(path) as part:
        part.write_text("new")
    assert caught.value.code == "E-OUTPUT"
    assert f"{path.name} cannot be written" in caught.value.messages[0].what
    with pytest.raises(PortproofError, match="cannot be written") as early:
        require_writable(path)
    assert early.value.code == "E-OUTPUT"


def test_a_place_in_a_folder_that_is_not_yet_there_is_fine(tmp_path: Path) -> None:
    require_writable(tmp_path / "a" / "b" / "net.onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_nobody_may_write_to_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PortproofError, match="cannot be written"):
        require_writable(tmp_path / "net.onnx")
