"""Runs in a child process: onnxsim from file to file."""

import sys


def main(source: str, target: str) -> int:
    """Simplify the ONNX file `source` into `target`."""
    import onnx

    # onnxsim imports torch where it is installed, three seconds of CPU, for exports that are not used here.
    sys.modules.setdefault("torch", None)  # type: ignore[arg-type]
    import onnxsim

    # BatchNorm is folded by Portproof: in float64, and with the convolution's own source line.
    simplified, _ = onnxsim.simplify(source, import_custom_schemas=False, skip_fuse_bn=True)
    onnx.save(simplified, target)
    return 0
