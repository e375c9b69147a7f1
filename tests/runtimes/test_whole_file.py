"""A file is written whole, or what was there stays."""

from pathlib import Path

import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.whole_file import whole_file


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


def test_a_place_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    with pytest.raises(PortproofError) as caught, whole_file(tmp_path / "absent" / "net.onnx") as part:
        part.write_text("new")
    assert caught.value.code == "E-OUTPUT"
    assert "net.onnx cannot be written" in caught.value.messages[0].what
