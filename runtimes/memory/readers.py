"""Which module reads the memory of a format."""

from collections.abc import Callable
from pathlib import Path

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.memory.memory_plan import MemoryPlan
from portproof.runtimes.registry import COREML, find_format


def reader_of(path: Path) -> Callable[[Path], MemoryPlan]:
    """The function that reads a file of that format.

    Raises:
        PortproofError: ``E-FILE-MISSING``, ``E-MODEL-FORMAT``; ``E-USAGE`` for a format without one.
    """
    name = find_format(path).name
    if name == "LiteRT":
        from portproof.runtimes.memory.tflite_file import read
    elif name == COREML:
        from portproof.runtimes.memory.coreml_package import read
    elif path.suffix == ".onnx":
        from portproof.runtimes.memory.onnx_file import read
    else:
        raise PortproofError("E-USAGE", f"how {name} plans memory is not known", where=str(path))
    return read
