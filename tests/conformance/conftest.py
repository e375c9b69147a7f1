"""Finds trained models and the benchmark's architectures: by environment variable, or beside the checkout."""

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _folder(variable: str, name: str, needed: str) -> Path:
    folder = Path(os.environ.get(variable, ROOT.parent / "shared" / name))
    if not (folder / needed).is_file():
        pytest.skip(f"set {variable} to the folder with {needed}")
    return folder


@pytest.fixture(scope="session")
def trained_models() -> Path:
    """The folder of `loaders.py`, importable."""
    folder = _folder("PORTPROOF_MODELS", "models", "loaders.py")
    sys.path.insert(0, str(folder))
    return folder


@pytest.fixture(scope="session")
def architectures() -> Path:
    """The folder of `models.py`, with the benchmark's architectures."""
    return _folder("PORTPROOF_BENCH", "bench", "models.py")


@pytest.fixture(scope="session")
def bench() -> Path:
    """The folder of `onnx_suite.py`, which runs the ONNX backend suite."""
    return _folder("PORTPROOF_BENCH", "bench", "onnx_suite.py")


@pytest.fixture(scope="session")
def sample_data() -> Path:
    """The folder of onnx 1.20.1's cases."""
    folder = Path(os.environ.get("PORTPROOF_ONNX_CASES", ""))
    if not (folder / "node").is_dir():
        pytest.skip("set PORTPROOF_ONNX_CASES to the folder backend/test/data of onnx 1.20.1")
    return folder


@pytest.fixture(scope="session")
def networks() -> list[Path]:
    """ONNX files of whole networks: the folder of PORTPROOF_NETWORKS."""
    found = sorted(Path(os.environ.get("PORTPROOF_NETWORKS", "-")).glob("*.onnx"))
    if not found:
        pytest.skip("set PORTPROOF_NETWORKS to a folder of .onnx files")
    return found
