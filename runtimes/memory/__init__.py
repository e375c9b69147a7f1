"""How much memory a model file takes to run, read from the file: weights, and the largest set of tensors alive at once.

`plan(path)` needs no runtime and runs nothing.
"""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portproof.runtimes.memory.memory_plan import MemoryPlan


def plan(path: str | os.PathLike[str]) -> "MemoryPlan":
    """What running a ``.tflite`` or ``.onnx`` file, or a ``.mlpackage``, takes.

    Raises:
        PortproofError: ``E-FILE-MISSING``, ``E-MODEL-FORMAT``, ``E-MODEL-INVALID``; ``E-USAGE`` for a format whose
            runtime plans memory in no known way.
    """
    from pathlib import Path

    from portproof.runtimes.memory.readers import reader_of

    return reader_of(Path(path))(Path(path))
