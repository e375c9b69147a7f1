"""What every quantizer's script shares. It imports nothing but numpy: it runs in interpreters of other projects."""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np


def samples(folder: str, count: int = 0) -> Iterator[dict[str, np.ndarray]]:
    """The calibration samples of a folder, by input name; with `count` so many, the rest shifted, turned and dimmed."""
    paths = sorted(Path(folder).glob("*.npz"))
    for index in range(count or len(paths)):
        with np.load(paths[index % len(paths)]) as stored:
            sample = {name: stored[name] for name in stored.files}
        yield {name: _varied(array, index) for name, array in sample.items()} if index >= len(paths) else sample


def _varied(image: np.ndarray, seed: int) -> np.ndarray:
    chance = np.random.default_rng(seed)
    turned = image[..., ::-1] if seed % 2 else image
    moved = np.roll(turned, tuple(chance.integers(-20, 21, 2)), (-2, -1))
    return np.ascontiguousarray(moved * np.float32(chance.uniform(0.8, 1.2)))


def timed(work: Callable[[], object]) -> None:
    """Runs the work and prints its CPU seconds and the process's peak memory as JSON."""
    before = time.process_time()
    work()
    seconds = time.process_time() - before
    sys.stdout.flush()
    print("\n" + json.dumps({"seconds": round(seconds, 2), "peak_mb": round(_peak_mb())}))


def _peak_mb() -> float:
    """Of this process alone: what getrusage gives begins with the peak of the process that started this one."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
