"""p-norms: sums of powers of magnitudes, and roots of them."""

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary, unary
from portproof.exporter.coreml.values import Var


def magnitude(b: Builder, x: Var, p: int) -> Var:
    """|x|^p."""
    if p == 2:
        return unary(b, "square", x)
    size = unary(b, "abs", x)
    return size if p == 1 else binary(b, "pow", size, p)


def root(b: Builder, x: Var, p: int) -> Var:
    """x^(1/p) for x from 0 on."""
    if p == 1:
        return x
    return unary(b, "sqrt", x) if p == 2 else binary(b, "pow", x, 1 / p)
