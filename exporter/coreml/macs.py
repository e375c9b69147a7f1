"""Multiply-accumulates of MIL's operators, from the shapes that a package declares."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from portproof.runtimes.coreml.program import Function, Literal, Operation, TensorType, Type
from portproof.runtimes.coreml.walk import operations

Shape: TypeAlias = tuple[int, ...]
_GATES = {"lstm": 4, "gru": 3, "rnn": 1}


class UnknownSizeError(Exception):
    """A size that the package does not declare."""


class Shapes:
    """The shapes and constants that the arguments of an operator have.

    Args:
        types: of all values that it can read, by name.
        constants: of those that stand in the program.
    """

    def __init__(self, types: Mapping[str, Type], constants: Mapping[str, Literal]) -> None:
        self._types = types
        self._constants = constants

    def of(self, operation: Operation, parameter: str) -> Shape:
        """The shape of an argument.

        Raises:
            UnknownSizeError: there is no such argument, it is no tensor, or a size is known only when running.
        """
        bindings = operation.inputs.get(parameter, ())
        kind = self.type_of(bindings[0]) if bindings else None
        return known(kind)

    def type_of(self, binding: str | Literal) -> Type | None:
        """The type of an argument."""
        return self._types.get(binding) if isinstance(binding, str) else binding.type

    def value(self, operation: Operation, parameter: str) -> Literal | None:
        """A constant argument."""
        for binding in operation.inputs.get(parameter, ()):
            return self._constants.get(binding) if isinstance(binding, str) else binding
        return None

    def is_constant(self, binding: str | Literal) -> bool:
        """Whether an argument stands in the program."""
        return not isinstance(binding, str) or binding in self._constants

    def flag(self, operation: Operation, parameter: str) -> bool:
        """A constant truth value; false where it is not given."""
        found = self.value(operation, parameter)
        return found is not None and bool(getattr(found.value, "item", lambda: False)())


def shapes_of(function: Function) -> Shapes:
    """The shapes of all that a function computes with, its nested blocks too."""
    types: dict[str, Type] = {value.name: value.type for value in function.inputs}
    constants: dict[str, Literal] = {}
    for operation in operations(function):
        types.update((value.name, value.type) for value in operation.outputs)
        if operation.type.startswith("const"):
            constants.update(_constants(operation))
    return Shapes(types, constants)


def _constants(operation: Operation) -> Iterator[tuple[str, Literal]]:
    """A packed constant stands there with its type; its value is not unpacked."""
    for value in operation.outputs:
        literal = operation.attributes.get("val")
        yield value.name, literal if literal is not None else Literal(type=value.type, value=[])


def total(function: Function) -> int:
    """Of one run of a function, each nested block counted once; what has no known size is left out."""
    shapes = shapes_of(function)
    return sum(macs(operation, shapes) or 0 for operation in operations(function))


def known(kind: Type | None) -> Shape:
    """The shape of a tensor type.

    Raises:
        UnknownSizeError: it is none, or a size is known only when running.
    """
    if not isinstance(kind, TensorType) or kind.shape is None:
        raise UnknownSizeError
    sizes = tuple(size for size in kind.shape if size is not None)
    if len(sizes) != len(kind.shape):
        raise UnknownSizeError
    return sizes


def macs(operation: Operation, shapes: Shapes) -> int | None:
    """How many multiply-accumulates one run of an operator takes; None where a size is not declared.

    Elementwise operators, reductions and pools have none, as usual.
    """
    count = _COUNTS.get(operation.type)
    if count is None:
        return 0
    try:
        return count(operation, shapes)
    except UnknownSizeError:
        return None


def _conv(operation: Operation, shapes: Shapes) -> int:
    weight = shapes.of(operation, "weight")
    return math.prod(known(operation.outputs[0].type)) * math.prod(weight[1:])


def _conv_transpose(operation: Operation, shapes: Shapes) -> int:
    return math.prod(shapes.of(operation, "x")) * math.prod(shapes.of(operation, "weight")[1:])


def _linear(operation: Operation, shapes: Shapes) -> int:
    return math.prod(known(operation.outputs[0].type)) * shapes.of(operation, "weight")[-1]


def _matmul(operation: Operation, shapes: Shapes) -> int:
    x = shapes.of(operation, "x")
    inner = x[-2] if shapes.flag(operation, "transpose_x") and len(x) > 1 else x[-1]
    return math.prod(known(operation.outputs[0].type)) * inner


def _attention(operation: Operation, shapes: Shapes) -> int:
    """Scores of every query with every key, then as many weighted values."""
    query, key, value = (shapes.of(operation, name) for name in ("query", "key", "value"))
    return math.prod(query[:-1]) * key[-2] * (query[-1] + value[-1])


def _einsum(operation: Operation, shapes: Shapes) -> int:
    equation = shapes.value(operation, "equation")
    if equation is None or not isinstance(equation.value, str):
        raise UnknownSizeError
    sizes: dict[str, int] = {}
    terms = equation.value.partition("->")[0].replace(" ", "").split(",")
    for term, binding in zip(terms, operation.inputs.get("values", ()), strict=True):
        sizes.update(zip(term, known(shapes.type_of(binding)), strict=False))
    return math.prod(sizes.values())


def _recurrent(operation: Operation, shapes: Shapes) -> int:
    steps, batch, width = shapes.of(operation, "x")
    hidden = shapes.of(operation, "weight_hh")[-1]
    directions = 2 if "weight_hh_back" in operation.inputs else 1
    return steps * batch * directions * _GATES[operation.type] * hidden * (width + hidden)


_COUNTS: dict[str, Callable[[Operation, Shapes], int]] = {
    "conv": _conv,
    "conv_transpose": _conv_transpose,
    "linear": _linear,
    "matmul": _matmul,
    "scaled_dot_product_attention": _attention,
    "einsum": _einsum,
    **dict.fromkeys(_GATES, _recurrent),
}
