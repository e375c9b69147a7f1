import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("exporter", "runtimes", "device_profiles", "calibration", "cli")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The files of a wheel built from the tree as it stands, without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


def sources() -> set[str]:
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *FOLDERS]
    listed = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    return {f"portproof/{path}" for path in listed if (ROOT / path).exists()}


def test_the_wheel_holds_every_source_file_and_no_other(wheel: set[str]) -> None:
    held = {name for name in wheel if not name.startswith("portproof-")}
    assert held == sources()


def test_the_wheel_holds_data_as_well_as_code(wheel: set[str]) -> None:
    assert "portproof/device_profiles/data/devices/pixel-8.toml" in wheel
    assert "portproof/cli/main.py" in wheel
    assert any(name.endswith("licenses/LICENSE") for name in wheel)


def test_an_editable_install_reads_the_same_folders() -> None:
    links = {link.name: link.resolve() for link in (ROOT / ".importroot" / "portproof").iterdir()}
    assert links == {name: ROOT / name for name in FOLDERS}
