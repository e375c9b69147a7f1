"""Mod: the sign of the divisor (Python's) or of the dividend (C's fmod)."""

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary, select, unary
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, is_float


@onnx_op("Mod", since=10)
def mod(b: Builder, x: Var, y: Var, *, fmod: int) -> Var:
    """MIL's mod has the sign of the divisor."""
    if not fmod:
        return binary(b, "mod", x, y)
    return _float(b, x, y) if is_float(x) else _integer(b, x, y)


def _float(b: Builder, x: Var, y: Var) -> Var:
    """Of the magnitudes, with the sign of x."""
    rest = binary(b, "mod", unary(b, "abs", x), unary(b, "abs", y))
    return select(b, binary(b, "less", x, 0), binary(b, "mul", rest, -1), rest)


def _integer(b: Builder, x: Var, y: Var) -> Var:
    """One divisor less where a remainder is left and the signs differ; magnitudes could overflow."""
    rest = binary(b, "mod", x, y)
    differ = binary(b, "logical_xor", binary(b, "less", x, 0), binary(b, "less", y, 0))
    wrong = binary(b, "logical_and", differ, binary(b, "not_equal", rest, 0))
    return select(b, wrong, binary(b, "sub", rest, y), rest)
