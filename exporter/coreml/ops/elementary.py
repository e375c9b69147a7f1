"""Functions of one number."""

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary, unary
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var


@onnx_op("Exp", "Floor", "Ceil", "Sqrt")
@onnx_op("Sin", "Cos", "Tan", "Asin", "Acos", "Atan", since=7)
@onnx_op("Sinh", "Cosh", "Atanh", "Erf", since=9)
@onnx_op("Round", since=11)
def elementary(b: Builder, x: Var, *, op_type: str) -> Var:
    """One operator with the same meaning; halves are rounded to the even neighbour by both."""
    return unary(b, op_type.lower(), x)


@onnx_op("Log")
def log(b: Builder, x: Var) -> Var:
    """MIL's log adds an epsilon, which is set to nothing: of 0 it is minus infinity."""
    return unary(b, "log", x, epsilon=b.like(0, x))


@onnx_op("Asinh", since=9)
def asinh(b: Builder, x: Var) -> Var:
    """sign(x) log(|x| + sqrt(x^2 + 1)), the root as m sqrt((|x|/m)^2 + 1/m^2) with m = max(|x|, 1) against overflow.

    Below 1 the logarithm is of a number near 1: log(1 + t) is taken as 2 atanh(t / (2 + t)), exact for small t, with
    t = |x| + x^2 / (1 + sqrt(x^2 + 1)).
    """
    size = unary(b, "abs", x)
    largest = binary(b, "maximum", size, 1)
    squares = [unary(b, "square", ratio) for ratio in (binary(b, "real_div", size, largest), _over(b, 1, largest))]
    far = unary(b, "log", binary(b, "add", size, _times_root(b, largest, squares)), epsilon=b.like(0, x))
    near = _log_of_one_and(b, _excess(b, binary(b, "minimum", size, 1)))
    chosen = b.emit("select", cond=binary(b, "less", size, 1), a=near, b=far)
    return binary(b, "mul", unary(b, "sign", x), chosen)


@onnx_op("Acosh", since=9)
def acosh(b: Builder, x: Var) -> Var:
    """log(x + sqrt(x - 1) sqrt(x + 1)) as log(1 + t), t = (x - 1) + sqrt(x - 1) sqrt(x + 1), NaN below 1."""
    over = binary(b, "sub", x, 1)
    roots = binary(b, "mul", unary(b, "sqrt", over), unary(b, "sqrt", binary(b, "add", x, 1)))
    near = _log_of_one_and(b, binary(b, "add", binary(b, "minimum", over, 1), binary(b, "minimum", roots, 2)))
    far = unary(b, "log", binary(b, "add", x, roots), epsilon=b.like(0, x))
    return b.emit("select", cond=binary(b, "less", x, 1.25), a=near, b=far)


def _over(b: Builder, number: float, x: Var) -> Var:
    return b.emit("real_div", x=b.like(number, x), y=x)


def _times_root(b: Builder, factor: Var, squares: list[Var]) -> Var:
    return binary(b, "mul", factor, unary(b, "sqrt", binary(b, "add", *squares)))


def _excess(b: Builder, x: Var) -> Var:
    """X + sqrt(x^2 + 1) - 1, for x from 0 to 1, without cancellation."""
    square = unary(b, "square", x)
    root = unary(b, "sqrt", binary(b, "add", square, 1))
    return binary(b, "add", x, binary(b, "real_div", square, binary(b, "add", root, 1)))


def _log_of_one_and(b: Builder, t: Var) -> Var:
    """log(1 + t) as 2 atanh(t / (2 + t))."""
    return binary(b, "mul", unary(b, "atanh", binary(b, "real_div", t, binary(b, "add", t, 2))), 2)
