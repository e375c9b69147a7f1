"""LRN: MIL's local_response_norm, or its parts where the window is not symmetric."""

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary, unary
from portproof.exporter.coreml.make.movement import reshape
from portproof.exporter.coreml.make.windows import explicit
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, rank_of, shape_of

_RANKS = (3, 4)


@onnx_op("LRN")
def lrn(b: Builder, x: Var, *, alpha: float, beta: float, bias: float, size: int) -> Var:
    """x / (bias + alpha / size * sum of squares over `size` channels)^beta, the odd channel of a window behind."""
    if size % 2 and rank_of(x) in _RANKS:
        factor, exponent, offset = (b.like(number, x) for number in (alpha, beta, bias))
        return b.emit("local_response_norm", x=x, size=size, alpha=factor, beta=exponent, k=offset)
    shape = shape_of(x)
    squares = reshape(b, unary(b, "square", x), (shape[0], 1, shape[1], -1))
    pads = explicit([((size - 1) // 2, size // 2), (0, 0)])
    mean = reshape(b, b.emit("avg_pool", x=squares, kernel_sizes=[size, 1], strides=[1, 1], **pads), shape)
    scale = binary(b, "pow", binary(b, "add", binary(b, "mul", mean, alpha), bias), -beta)
    return binary(b, "mul", x, scale)
