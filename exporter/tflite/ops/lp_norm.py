"""LpNormalization: a division by the 1-norm or the 2-norm."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.axes import resolve_axis
from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast, reduce
from portproof.exporter.tflite.make.floats import as_float32
from portproof.exporter.tflite.make.norms import magnitude, root
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import dtype_of, rank_of

_TINY = float(np.finfo(np.float32).tiny)
_SMALLEST_NORM = {1: _TINY, 2: _TINY**0.5}
"""Below it a norm, or the sum of squares it is the root of, has no digits; a zero vector divided by it stays zero."""


@onnx_op("LpNormalization", note="float32, float16")
def lp_normalization(b: Builder, x: ir.Value, *, axis: int, p: int) -> ir.Value:
    """x / norm along `axis`, zeros where the norm is zero.

    L2_NORMALIZATION is not used: it divides by 1e-6 at least (`l2norm.cc`), so that small vectors come out smaller.
    """
    if p not in _SMALLEST_NORM:
        raise Refusal(f"p={p} is none of ONNX's 1 and 2")
    wide = as_float32(b, x, "LpNormalization")
    axes = [resolve_axis(axis, rank_of(x))]
    norm = root(b, reduce(b, "SUM", magnitude(b, wide, p), axes, keepdims=True), p)
    return cast(b, binary(b, "DIV", wide, binary(b, "MAXIMUM", norm, _SMALLEST_NORM[p])), dtype_of(x))
