"""MatMul and Gemm: linear where the weights are constants, else matmul."""

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary
from portproof.exporter.coreml.make.movement import transpose
from portproof.exporter.coreml.make.weights import is_constant, transposed
from portproof.exporter.coreml.make.wrapping import wrapped
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Array, Var, array_of, is_float, rank_of
from portproof.exporter.lowering.refusal import Refusal

_RANKS_OF_LINEAR = (2, 3)


@onnx_op("MatMul")
def matmul(b: Builder, x: Var, y: Var) -> Var:
    """numpy's product: of matrices along the last two axes, of vectors too."""
    if is_constant(y) and rank_of(y) == 2 and rank_of(x) in _RANKS_OF_LINEAR and is_float(x):
        return b.emit("linear", x=x, weight=transposed(b, y))
    left = b.emit("expand_dims", x=x, axes=[0]) if rank_of(x) == 1 else x
    right = b.emit("expand_dims", x=y, axes=[1]) if rank_of(y) == 1 else y
    product = b.emit("matmul", x=left, y=right)
    dropped = [-2] * (rank_of(x) == 1) + [-1] * (rank_of(y) == 1)
    return b.emit("squeeze", x=product, axes=dropped) if dropped else product


@onnx_op("Gemm", note="integers only with alpha and beta of 1")
def gemm_1(
    b: Builder,
    x: Var,
    y: Var,
    c: Var | None = None,
    *,
    alpha: float,
    beta: float,
    broadcast: int,
    transA: int,  # noqa: N803 - the schema's name
    transB: int,  # noqa: N803
) -> Var:
    """Up to opset 6: `broadcast` allows what later is always allowed."""
    return gemm(b, x, y, c, alpha=alpha, beta=beta, transA=transA, transB=transB)


@onnx_op("Gemm", since=7, note="integers only with alpha and beta of 1")
def gemm(
    b: Builder,
    x: Var,
    y: Var,
    c: Var | None = None,
    *,
    alpha: float,
    beta: float,
    transA: int,  # noqa: N803
    transB: int,  # noqa: N803
) -> Var:
    """Alpha x y + beta c, x and y possibly transposed; one linear where y and c are constants."""
    c = None if beta == 0 else c
    weights = array_of(y)
    if not is_float(x) and (alpha != 1 or (c is not None and beta != 1)):
        raise Refusal(f"integers with alpha {alpha} and beta {beta}", "use alpha=1 and beta=1, or float32")
    left = transpose(b, x, (1, 0)) if transA and is_constant(y) else x
    if weights is None and alpha == 1 and is_constant(y) and is_float(x):
        return _linear(b, left, y if transB else transposed(b, y), c, beta)
    if weights is not None and is_float(x):
        scaled = (weights if transB else weights.T) * weights.dtype.type(alpha)
        return _linear(b, left, np.ascontiguousarray(scaled), c, beta)
    turned = bool(transA) and left is x
    product = b.emit("matmul", x=left, y=y, transpose_x=turned, transpose_y=bool(transB))
    return wrapped(b, _plus(b, product if alpha == 1 else binary(b, "mul", product, alpha), c, beta))


def _linear(b: Builder, x: Var, rows: Var | Array, c: Var | None, beta: float) -> Var:
    """A constant C that is the same for each row goes into the bias."""
    bias = array_of(c)
    if bias is None or (bias.ndim > 1 and bias.shape[0] != 1):
        return _plus(b, b.emit("linear", x=x, weight=rows), c, beta)
    offset = np.broadcast_to(bias.reshape(-1) * bias.dtype.type(beta), (rows.shape[0],))
    return b.emit("linear", x=x, weight=rows, bias=np.ascontiguousarray(offset))


def _plus(b: Builder, product: Var, c: Var | None, beta: float) -> Var:
    if c is None:
        return product
    return binary(b, "add", product, c if beta == 1 else binary(b, "mul", c, beta))
