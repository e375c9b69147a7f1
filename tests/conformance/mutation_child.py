"""Reads a range of damaged Core ML packages, runs those that read, and prints as JSON what came of them.

A program of its own (`python mutation_child.py FIRST COUNT FOLDER`), because it limits its memory and may crash. The
number that it is at stands in the file ``at`` of the folder.
"""

import json
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "runtimes" / "coreml"))

from mutations import mutated, write

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.coreml.model import Model
from portproof.runtimes.coreml.parse import read
from portproof.runtimes.coreml.program import Feature, Package
from portproof.runtimes.coreml.registry import load_kernels

READ_SECONDS = 5
RUN_SECONDS = 2
MEMORY_BYTES = 3 << 30
MOST_FED = 1_000_000


_DEFECTS = (AttributeError, NameError, KeyError, AssertionError, NotImplementedError)
"""What a kernel that was written with such input in mind does not raise."""


class TooLongError(BaseException):
    """No handler of the code under test takes it for an error of its own."""


def _alarm(_signal: int, _frame: FrameType | None) -> None:
    raise TooLongError


def _feed(feature: Feature) -> Any:
    if feature.image is not None:
        return np.ones((feature.image.height, feature.image.width, 3), np.uint8)
    return np.ones(feature.shape, feature.dtype or "float32")


def _small(package: Package) -> bool:
    """What is fed is made here: it is not to be what takes the memory."""
    interface = package.interfaces[package.default_function]
    sizes = [feature.shape for feature in interface.inputs]
    sizes += [(f.image.height, f.image.width) for f in interface.inputs if f.image is not None]
    return all(np.prod([float(size) for size in shape]) <= MOST_FED for shape in sizes)


def _run(path: Path) -> str:
    model = Model(path)
    model.run({feature.name: _feed(feature) for feature in model.interface.inputs}, model.make_state())
    return "ran"


def _outcome(path: Path) -> str:
    signal.setitimer(signal.ITIMER_REAL, READ_SECONDS)
    package = read(path)
    if not _small(package):
        return "read"
    signal.setitimer(signal.ITIMER_REAL, RUN_SECONDS)
    try:
        return _run(path)
    except PortproofError as error:
        defect = isinstance(error.__cause__, _DEFECTS)
        return f"RAISED {error.__cause__!r}" if defect else f"run: {error.code}"
    except TooLongError:
        function = package.functions[package.default_function]
        loops = any(operation.type == "while_loop" for operation in function.block.operations)
        return "run: endless loop" if loops else "TOO LONG"


def _case(number: int, folder: Path) -> str:
    (folder / "at").write_text(str(number))
    path = write(folder / "m.mlpackage", mutated(number)[1])
    try:
        return _outcome(path)
    except PortproofError as error:
        return error.code
    except TooLongError:
        return "TOO LONG"
    except BaseException:
        return "RAISED " + traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def main(first: int, count: int, folder: Path) -> None:
    """Prints the outcomes with their counts, the numbers of odd ones, and the slowest in seconds."""
    load_kernels()  # not in the time of the first case
    signal.signal(signal.SIGALRM, _alarm)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    counts: Counter[str] = Counter()
    numbers: dict[str, list[int]] = {}
    slowest = (0.0, 0)
    for number in range(first, first + count):
        start = time.perf_counter()
        outcome = _case(number, folder)
        slowest = max(slowest, (time.perf_counter() - start, number))
        counts[outcome] += 1
        numbers.setdefault(outcome, []).append(number)
    odd = {outcome: found[:5] for outcome, found in numbers.items() if outcome.startswith(("RAISED", "TOO", "run:"))}
    print(
        json.dumps(
            {
                "counts": dict(sorted(counts.items())),
                "numbers": odd,
                "slowest": slowest,
                "peak_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
            }
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
