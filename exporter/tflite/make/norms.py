"""Powers and roots of which p-norms are made."""

import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, unary


def magnitude(b: Builder, x: ir.Value, p: int) -> ir.Value:
    """|x|^p of float32, with the kernels made for p = 1 and 2."""
    if p == 2:
        return unary(b, "SQUARE", x)
    size = unary(b, "ABS", x)
    return size if p == 1 else binary(b, "POW", size, float(p))


def root(b: Builder, x: ir.Value, p: int) -> ir.Value:
    """x^(1/p) of float32 that is not negative."""
    if p == 1:
        return x
    return unary(b, "SQRT", x) if p == 2 else binary(b, "POW", x, 1 / p)
