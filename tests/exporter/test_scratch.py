import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from portproof.exporter.scratch import Scratch, sweep

LEAVE = """
import os, signal
from portproof.exporter.recorded import Recorded
kept = Recorded()
print(kept._folder.path, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_a_folder_lives_as_long_as_it_is_open(place: Path) -> None:
    with Scratch() as scratch:
        assert scratch.path.parent == place
        (scratch.path / "file").write_text("x")
        sweep.cache_clear()
        sweep(place)
        assert (scratch.path / "file").exists()
    assert list(place.iterdir()) == []
    scratch.close()


def test_what_a_killed_process_left_is_removed(place: Path) -> None:
    path = os.pathsep.join(entry for entry in sys.path if entry)
    environment = {**os.environ, "TMPDIR": str(place), "PYTHONPATH": path}
    ended = subprocess.run([sys.executable, "-c", LEAVE], env=environment, capture_output=True, text=True, check=False)
    left = Path(ended.stdout.strip())
    assert left.is_dir()
    assert left.parent == place
    sweep.cache_clear()
    with Scratch() as scratch:
        assert list(place.iterdir()) == [scratch.path]


def test_what_is_not_ours_stays(place: Path) -> None:
    names = ["portproof-notes-1", "portproof-reference-abc", "other-1-x"]
    for name in names:
        (place / name).mkdir()
    (place / "portproof-999999999-file").write_text("x")
    (place / "portproof-999999999-link").symlink_to(place / "other-1-x")
    sweep.cache_clear()
    sweep(place)
    assert sorted(entry.name for entry in place.iterdir()) == sorted(
        [*names, "portproof-999999999-file", "portproof-999999999-link"]
    )
