"""What a model file holds, read without running it: inputs and outputs, operators, weights, layouts, metadata."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portproof.exporter.inspection.facts import Facts


def inspect(path: str | os.PathLike[str]) -> "Facts":
    """Read a ``.onnx`` or ``.tflite`` file, or a ``.mlpackage`` or ``.aimodel`` folder.

    Raises:
        PortproofError: ``E-FILE-MISSING``, ``E-MODEL-FORMAT``, ``E-MODEL-INVALID``, ``E-MODEL-EXTERNAL``; ``E-INSTALL``
            for an ``.aimodel`` without coreai-core.
    """
    from pathlib import Path

    from portproof.runtimes.registry import COREAI, COREML, find_format

    path = Path(path)
    name = find_format(path).name
    if name == "LiteRT":
        from portproof.exporter.inspection.tflite_file import read

        return read(path)
    if name == COREML:
        from portproof.exporter.inspection.coreml_package import read as read_package

        return read_package(path)
    if name == COREAI:
        from portproof.exporter.inspection.coreai_asset import read as read_asset

        return read_asset(path)
    from portproof.exporter.inspection.onnx_file import read as read_onnx

    return read_onnx(path)
