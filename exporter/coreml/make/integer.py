"""Arithmetic of whole numbers in int32."""

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import Operand, binary, unary
from portproof.exporter.coreml.values import Var, is_var


def truncated_quotient(b: Builder, x: Var, y: Operand) -> Var:
    """x / y truncated toward zero, as C divides; MIL's floor_div rounds down.

    Args:
        b: the builder.
        x: int32.
        y: int32, or a positive number.
    """
    if not is_var(y):
        return binary(b, "mul", binary(b, "floor_div", unary(b, "abs", x), y), unary(b, "sign", x))
    quotient = binary(b, "floor_div", unary(b, "abs", x), unary(b, "abs", y))
    return binary(b, "mul", quotient, binary(b, "mul", unary(b, "sign", x), unary(b, "sign", y)))
