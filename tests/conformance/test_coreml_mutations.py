"""Ten thousand damaged Core ML packages: each a clear refusal, or a program that runs or says why it does not."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

pytestmark = pytest.mark.conformance

COUNT, BATCH = 10_000, 1000
CLEAR = {
    "E-MODEL-FORMAT",
    "E-MODEL-INVALID",
    "E-MODEL-UNSUPPORTED",
    "E-MODEL-EXTERNAL",
    "read",
    "ran",
    "run: E-RUN",
    "run: E-OP-UNSUPPORTED",
    "run: E-MODEL-UNSUPPORTED",
    # A program may say so; whoever runs it has a time limit.
    "run: endless loop",
}
MOST_MEMORY_KIB = 1 << 20

seen: Counter[str] = Counter()


@pytest.mark.parametrize("first", range(0, COUNT, BATCH))
def test_mutations(first: int, tmp_path: Path) -> None:
    found = _batch(first, tmp_path)
    print(json.dumps(found))
    odd = {outcome: found["numbers"].get(outcome) for outcome in found["counts"] if outcome not in CLEAR}
    assert not odd
    assert sum(found["counts"].values()) == BATCH
    assert found["peak_kib"] < MOST_MEMORY_KIB
    seen.update(found["counts"])


def _batch(first: int, folder: Path) -> dict:
    child = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "mutation_child.py"), str(first), str(BATCH), str(folder)],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
    )
    at = (folder / "at").read_text() if (folder / "at").exists() else "its start"
    assert child.returncode == 0, f"ended with {child.returncode} at number {at}: {child.stderr[-3000:]}"
    return json.loads(child.stdout)


def test_the_mutations_reach_every_kind_of_refusal() -> None:
    """Runs after the batches; alone, it has nothing to look at."""
    if not seen:
        pytest.skip("no batch was run")
    print(json.dumps(dict(sorted(seen.items()))))
    assert seen["ran"] > 1000
    assert all(seen[code] > 50 for code in CLEAR if code.startswith("E-MODEL"))
    assert seen["run: E-RUN"] > 50
