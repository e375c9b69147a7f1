"""Where the benchmark finds networks and data: by environment variable, or beside the checkout."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
WORK = ROOT / "build" / "bench" / "int8"


def models() -> Path | None:
    """The folder of `loaders.py`: trained models and real data (PORTPROOF_MODELS)."""
    return _folder("PORTPROOF_MODELS", "models", "loaders.py")


def architectures() -> Path | None:
    """The folder of `models.py`: the fourteen architectures (PORTPROOF_BENCH)."""
    return _folder("PORTPROOF_BENCH", "bench", "models.py")


def _folder(variable: str, name: str, needed: str) -> Path | None:
    folder = Path(os.environ.get(variable, ROOT.parent / "shared" / name))
    return folder if (folder / needed).is_file() else None
