"""Operators on the bits of integers, of which MIL has none: products, quotients and sums of single bits."""

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary, select
from portproof.exporter.coreml.make.wrapping import output_type, wrapped
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Array, Var, array_of, rank_of, shape_of
from portproof.exporter.lowering.refusal import Refusal

_MOST_WITH_BITS = 4
"""Axes that leave one for the bits."""


@onnx_op("BitShift", since=11)
def bit_shift(b: Builder, x: Var, y: Var, *, direction: str) -> Var:
    """A product with a power of two, or a quotient."""
    op = "mul" if direction == "LEFT" else "floor_div"
    return wrapped(b, binary(b, op, x, _power_of_two(b, y)))


@onnx_op("BitShift", since=28)
def bit_shift_28(b: Builder, x: Var, y: Var, *, direction: str) -> Var:
    """Signed types too; a distance that is negative or reaches the width leaves the sign to the right, else 0."""
    width = _width(b)
    inside = binary(b, "logical_and", binary(b, "greater_equal", y, 0), binary(b, "less", y, width))
    near = select(b, inside, y, b.like(min(width - 1, 30), y))
    if direction == "LEFT":
        return wrapped(b, select(b, inside, _shifted(b, x, near), b.like(0, x)))
    over = select(b, binary(b, "less", x, 0), b.like(-1, x), b.like(0, x))
    return select(b, inside, binary(b, "floor_div", x, _power_of_two(b, near)), over)


def _shifted(b: Builder, x: Var, distance: Var) -> Var:
    return binary(b, "mul", x, _power_of_two(b, distance))


@onnx_op("BitwiseNot", since=18, note="not uint32 and uint64")
def bitwise_not(b: Builder, x: Var) -> Var:
    """-1 - x in two's complement."""
    dtype = output_type(b)
    if dtype is not None and dtype.name in ("uint32", "uint64"):
        raise Refusal(f"of {dtype.name} it is beyond int32, the widest whole number that MIL has", "use int32")
    return wrapped(b, b.emit("sub", x=b.like(-1, x), y=x))


@onnx_op("BitwiseAnd", "BitwiseOr", "BitwiseXor", since=18)
def bitwise(b: Builder, x: Var, y: Var, *, op_type: str) -> Var:
    """What two have in common comes from their bits; x + y = (x or y) + (x and y), and (x xor y) is without both."""
    common = _and(b, x, y)
    if op_type == "BitwiseAnd":
        return common
    either = binary(b, "add", binary(b, "sub", x, common), y)
    return either if op_type == "BitwiseOr" else binary(b, "sub", either, common)


def _and(b: Builder, x: Var, y: Var) -> Var:
    """The sum of the bits that both have, each at its place."""
    width = _width(b)
    if max(rank_of(x), rank_of(y)) > _MOST_WITH_BITS:
        return _and_flat(b, x, y)
    both = binary(b, "mul", _bits(b, x, width), _bits(b, y, width))
    return b.emit("reduce_sum", x=binary(b, "mul", both, _places(b, width)), axes=[-1], keep_dims=False)


def _and_flat(b: Builder, x: Var, y: Var) -> Var:
    """The same for tensors of five axes, as two of one axis."""
    zero = binary(b, "mul", binary(b, "add", binary(b, "mul", x, 0), y), 0)
    flat = [b.emit("reshape", x=binary(b, "add", zero, value), shape=[-1]) for value in (x, y)]
    return b.emit("reshape", x=_and(b, *flat), shape=list(shape_of(zero)))


def _bits(b: Builder, x: Var, width: int) -> Var:
    """0 or 1 [..., width], the lowest first; quotients are rounded down, so that they are those of two's complement."""
    powers = np.minimum(np.arange(width), 30)
    down = binary(b, "floor_div", b.emit("expand_dims", x=x, axes=[-1]), np.left_shift(1, powers, dtype=np.int32))
    if width == 32:
        down = binary(b, "floor_div", down, np.array([1] * 31 + [2], np.int32))
    return binary(b, "mod", down, 2)


def _places(b: Builder, width: int) -> Array:
    """What each bit stands for; the highest of a signed number is negative."""
    dtype = output_type(b)
    places = np.left_shift(np.int64(1), np.arange(width, dtype=np.int64))
    if width == 32 or (dtype is not None and dtype.kind == "i"):
        places[-1] *= -1
    return places


def _width(b: Builder) -> int:
    dtype = output_type(b)
    return 32 if dtype is None else min(8 * dtype.itemsize, 32)


def _power_of_two(b: Builder, y: Var) -> Var | Array:
    array = array_of(y)
    if array is None:
        return binary(b, "pow", b.const(np.array(2, np.int32)), y)
    if np.any(array > 31) or np.any(array < 0):
        raise Refusal("it shifts by more than 31 bits, and MIL's widest whole number has 32")
    return np.left_shift(np.int64(1), array.astype(np.int64)).astype(np.int32)
