"""Runs in a child process: onnxsim from file to file."""

import sys


def main(source: str, target: str) -> int:
    """Simplify the ONNX file `source` into `target`."""
    import onnx

    # onnxsim imports torch where it is installed, three seconds of CPU, for exports that are not used here.
    sys.modules.setdefault("torch", None)  # type: ignore[arg-type]
    import onnxsim

    # Functions are inlined by Portproof before; custom schemas are the parent's, not this process's.
    simplified, _ = onnxsim.simplify(source, import_custom_schemas=False)
    onnx.save(simplified, target)
    return 0
