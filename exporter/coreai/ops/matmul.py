"""Matrix products."""

from portproof.exporter.coreai.builder import Builder
from portproof.exporter.coreai.registry import onnx_op
from portproof.exporter.coreai.tensors import Tensor
from portproof.exporter.lowering.refusal import Refusal


@onnx_op("MatMul", since=1, note="floats")
def matmul(b: Builder, x: Tensor, y: Tensor) -> Tensor:
    """As numpy's: vectors are matrices of one row, or one column."""
    _check(x)
    left = b.reshape(x, (1, *x.shape)) if x.rank == 1 else x
    right = b.reshape(y, (*y.shape, 1)) if y.rank == 1 else y
    product = b.emit("broadcasting_batch_matmul", left, right)
    rows = product.shape[-2:-1] if x.rank > 1 else ()
    columns = product.shape[-1:] if y.rank > 1 else ()
    return b.reshape(product, (*product.shape[:-2], *rows, *columns))


@onnx_op("Gemm", since=7, note="floats")
def gemm(
    b: Builder,
    x: Tensor,
    y: Tensor,
    c: Tensor | None = None,
    *,
    alpha: float,
    beta: float,
    transA: int,  # noqa: N803 - the schema's name
    transB: int,  # noqa: N803 - the schema's name
) -> Tensor:
    """Alpha * x @ y + beta * c."""
    _check(x)
    left = b.transpose(x, (1, 0)) if transA else x
    right = b.transpose(y, (1, 0)) if transB else y
    product = scaled(b, b.emit("broadcasting_batch_matmul", left, right), alpha)
    return product if c is None else b.emit("broadcasting_add", product, scaled(b, c, beta))


def scaled(b: Builder, x: Tensor, factor: float) -> Tensor:
    """`x` times a number."""
    return x if factor == 1 else b.emit("broadcasting_mul", x, b.like(factor, x))


def _check(x: Tensor) -> None:
    if not x.is_float:
        raise Refusal(f"a product of matrices of {x.dtype} is not written", "compute it in float32")
