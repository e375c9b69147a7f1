"""Runs in a child process: onnx's checker and shape inference on a file.

Prints the reason and returns 3 when the model is bad.
"""

from pathlib import Path
from typing import Any

from portproof.exporter import onnx_wire

_INVALID = 3


def main(path: str) -> int:
    """Check the ONNX file at `path`; 0 when it is right."""
    core = _core()
    try:
        core.checker.check_model_path(path, False, False, False)
    except (core.checker.ValidationError, ValueError, RuntimeError) as error:
        print(error)  # noqa: T201 - the parent reads it
        return _INVALID
    # Shapes that contradict each other are found later, by whoever needs them; here it only must not crash.
    core.shape_inference.infer_shapes(onnx_wire.read(Path(path))[0], False, False, False)
    return 0


def _core() -> Any:
    """onnx's compiled part, which `onnx.checker` and `onnx.shape_inference` call with these very arguments."""
    from portproof.exporter.extensions import extension

    return extension("onnx", "onnx_cpp2py_export")
