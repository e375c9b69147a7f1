"""MatMul and Gemm: linear where the weights are constants, else matmul."""

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, array_of, is_float, rank_of
from portproof.exporter.lowering.refusal import Refusal


@onnx_op("MatMul")
def matmul(b: Builder, x: Var, y: Var) -> Var:
    """numpy's product: of matrices along the last two axes, of vectors too."""
    weights = array_of(y)
    if weights is not None and weights.ndim == 2 and rank_of(x) >= 2 and is_float(x):
        return b.emit("linear", x=x, weight=np.ascontiguousarray(weights.T))
    left = b.emit("expand_dims", x=x, axes=[0]) if rank_of(x) == 1 else x
    right = b.emit("expand_dims", x=y, axes=[1]) if rank_of(y) == 1 else y
    product = b.emit("matmul", x=left, y=right)
    dropped = [-2] * (rank_of(x) == 1) + [-1] * (rank_of(y) == 1)
    return b.emit("squeeze", x=product, axes=dropped) if dropped else product


@onnx_op("Gemm", since=7)
def gemm(
    b: Builder,
    x: Var,
    y: Var,
    c: Var | None = None,
    *,
    alpha: float,
    beta: float,
    transA: int,  # noqa: N803 - the schema's name
    transB: int,  # noqa: N803
) -> Var:
    """Alpha x y + beta c, x and y possibly transposed; one linear where y and c are constants."""
    if not is_float(x):
        raise Refusal("it multiplies integers", "use MatMulInteger, or floats")
    left = b.emit("transpose", x=x, perm=[1, 0]) if transA else x
    weights, bias = array_of(y), array_of(c)
    if weights is not None and (
        c is None or (bias is not None and bias.size in (1, weights.shape[0 if transB else 1]) and bias.ndim <= 1)
    ):
        return _linear(b, left, weights if transB else weights.T, bias, alpha, beta)
    product = b.emit("matmul", x=left, y=y, transpose_x=False, transpose_y=bool(transB))
    product = product if alpha == 1 else binary(b, "mul", product, alpha)
    if c is None or beta == 0:
        return product
    return binary(b, "add", product, c if beta == 1 else binary(b, "mul", c, beta))


def _linear(b: Builder, x: Var, weights: np.ndarray, bias: np.ndarray | None, alpha: float, beta: float) -> Var:
    scaled = np.ascontiguousarray(weights * weights.dtype.type(alpha))
    if bias is None or beta == 0:
        return b.emit("linear", x=x, weight=scaled)
    offset = np.broadcast_to(bias * bias.dtype.type(beta), scaled.shape[:1])
    return b.emit("linear", x=x, weight=scaled, bias=np.ascontiguousarray(offset))
