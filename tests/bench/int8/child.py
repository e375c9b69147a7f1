"""Runs one quantizer in a process of its own, and says what it took: seconds of CPU, peak memory."""

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TIMEOUT_S = 3600.0
DATA = "PORTPROOF_BENCH_PACKAGES"
"""Where a peer's script finds the packages that weights come in: behind its own."""


@dataclass(frozen=True, kw_only=True)
class Took:
    """What a quantizer took.

    Attributes:
        seconds: of CPU, imports not counted.
        peak_mb: resident, of the whole process.
        error: its last line where it failed.
    """

    seconds: float = 0.0
    peak_mb: float = 0.0
    error: str = ""


def run(python: str, script: Path, arguments: Sequence[str], log: Path) -> Took:
    """Runs ``script ARGUMENTS``, whose last line of output is JSON: ``{"seconds": ..., "peak_mb": ...}``."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(script.parent), DATA: purelib()}
    command = [python, str(script), *arguments]
    with log.open("w", encoding="utf-8") as stream:
        try:
            done = subprocess.run(
                command,
                stdout=subprocess.PIPE,
                stderr=stream,
                env=environment,
                timeout=TIMEOUT_S,
                text=True,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Took(error=f"it did not end within {TIMEOUT_S:.0f} s")
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    if done.returncode == 0 and lines:
        return Took(**json.loads(lines[-1]))
    tail = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return Took(error=(tail[-1] if tail else f"exit status {done.returncode}")[:200])


def purelib() -> str:
    """The packages of this interpreter."""
    return sysconfig.get_path("purelib")


def interpreter(peer: str) -> str:
    """The interpreter of a peer, empty where there is none.

    PORTPROOF_PEERS_PYTHON names them: ``nncf=/path/bin/python:aimet=...``, or one path for all.
    """
    given = os.environ.get("PORTPROOF_PEERS_PYTHON", "")
    parts = dict(part.split("=", 1) if "=" in part else ("", part) for part in given.split(os.pathsep) if part)
    python = parts.get(peer) or parts.get("")
    if python:
        return python
    own = Path(__file__).resolve().parents[3] / "build" / "peers" / peer / "bin" / "python"
    return str(own) if own.is_file() else sys.executable if peer == "onnxruntime" else ""
