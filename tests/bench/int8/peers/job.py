"""What every quantizer's script shares. It imports nothing but numpy: it runs in interpreters of other projects."""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np


def samples(folder: str) -> Iterator[dict[str, np.ndarray]]:
    """The calibration samples of a folder, by input name."""
    for path in sorted(Path(folder).glob("*.npz")):
        with np.load(path) as stored:
            yield {name: stored[name] for name in stored.files}


def timed(work: Callable[[], object]) -> None:
    """Runs the work and prints its CPU seconds and the process's peak memory as JSON."""
    before = time.process_time()
    work()
    seconds = time.process_time() - before
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.flush()
    print("\n" + json.dumps({"seconds": round(seconds, 2), "peak_mb": round(peak_mb)}))
