"""The same model gives the same bytes, in whatever order a process keeps its sets."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("written_twice.py")
ROOT = Path(__file__).parents[3]


def start(folder: Path, seed: int) -> "subprocess.Popen[str]":
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(SCRIPT), str(folder), str(seed)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    made = [tmp_path_factory.mktemp(f"seed{seed}") for seed in (1, 2)]
    running = [start(folder, seed) for seed, folder in enumerate(made, 1)]
    for process in running:
        said, _ = process.communicate()
        assert process.returncode == 0, said
    return made


def test_the_same_bytes_whatever_the_hash_seed(folders: list[Path]) -> None:
    first, second = map(files, folders)
    assert sorted(first) == sorted(second)
    assert [name for name in first if first[name] != second[name]] == []
    assert len(first) == 5 * 3


def test_nothing_of_the_process_is_in_them(folders: list[Path]) -> None:
    for name, data in files(folders[0]).items():
        assert str(folders[0]).encode() not in data, name
        assert b"conversion_date" not in data, name
