"""LpNormalization: a division by the 1-norm or the 2-norm."""

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, dtype_of, rank_of
from portproof.exporter.lowering.axes import resolve_axis
from portproof.exporter.lowering.refusal import Refusal

_NORMS = {1: "reduce_l1_norm", 2: "reduce_l2_norm"}


@onnx_op("LpNormalization")
def lp_normalization(b: Builder, x: Var, *, axis: int, p: int) -> Var:
    """X / norm along `axis`, zeros where the norm is zero."""
    if p not in _NORMS:
        raise Refusal(f"p={p} is none of ONNX's 1 and 2")
    norm = b.emit(_NORMS[p], x=x, axes=[resolve_axis(axis, rank_of(x))], keep_dims=True)
    return binary(b, "real_div", x, binary(b, "maximum", norm, float(np.finfo(dtype_of(x)).tiny)))
