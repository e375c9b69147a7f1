"""The metric of a case as `--metric` takes it: for how many inputs a model gives what the float model gives."""

import functools
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

CASE = "PORTPROOF_BENCH_CASE"
"""The folder of the case, in the environment."""
Run = Callable[[Mapping[str, Any]], dict[str, np.ndarray]]

sys.path.insert(0, str(Path(__file__).resolve().parents[4]))


@functools.cache
def _wanted() -> tuple[Any, list[list[np.ndarray]]]:
    from tests.bench.int8 import case, quality

    found = case.load(Path(os.environ[CASE]))
    run = quality.run_onnx(found.path("model.onnx"))
    return found, list(quality.run_all(found, run, found.task()))


def kept(run: Run) -> float:
    """How many of the task's inputs keep the float model's class, text, pitch or decision; a stream's in its order."""
    from tests.bench.int8 import quality

    found, wanted = _wanted()
    got = quality.run_all(found, lambda sample: list(run(sample).values()), found.task())
    return float(sum(quality.same(found.kind, a[0], b[0]) for a, b in zip(wanted, got, strict=True)))
