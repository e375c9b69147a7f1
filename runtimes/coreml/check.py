"""Checks a program against the rules of the language: every name is defined once, and before it is read."""

from collections.abc import Iterable, Sequence

from portproof.runtimes.coreml.check_interface import check_interface
from portproof.runtimes.coreml.faults import damaged, invalid, shown, within
from portproof.runtimes.coreml.program import (
    Binding,
    Block,
    Function,
    ListType,
    NamedType,
    Operation,
    Package,
    StateType,
    TensorType,
    Type,
)

_BLOCKS = {"cond": 2, "while_loop": 2}
"""The operators that have blocks, and how many: of a loop its condition, then its body."""

_BOOL = TensorType(dtype="bool", shape=())


class _Scope:
    """The values that can be read at one place: those of a block so far, and those around it."""

    def __init__(self, values: Iterable[NamedType], outer: "_Scope | None" = None) -> None:
        self._outer = outer
        self._own: dict[str, Type] = {}
        self.define(values)

    def define(self, values: Iterable[NamedType]) -> None:
        """Values of this block; they may hide some around it."""
        for value in values:
            if value.name in self._own:
                raise invalid(f"the name {shown(value.name)} is defined twice")
            self._own[value.name] = value.type

    def find(self, name: str) -> Type | None:
        scope: _Scope | None = self
        while scope is not None:
            if name in scope._own:
                return scope._own[name]
            scope = scope._outer
        return None


def check_package(package: Package) -> None:
    """Checks all functions, and their descriptions against them.

    Raises:
        FaultError: ``E-MODEL-INVALID`` for a program that breaks a rule, ``E-MODEL-FORMAT`` for a description of
            another program.
    """
    if package.default_function not in package.interfaces:
        raise damaged(f"its default function {shown(package.default_function)} is not described")
    for name, function in package.functions.items():
        with within("function", name):
            _check_function(function)
    if odd := sorted(set(package.functions) ^ set(package.interfaces)):
        raise damaged(f"its functions are not those that are described: {', '.join(map(shown, odd[:5]))}")
    for name, interface in package.interfaces.items():
        with within("function", name):
            check_interface(interface, package.functions[name])


def _check_function(function: Function) -> None:
    if not function.block.outputs:
        raise invalid("it has no output")
    _check_block(function.block, _Scope(function.inputs))


def _check_block(block: Block, scope: _Scope) -> list[Type]:
    """Returns the types of its outputs."""
    for operation in block.operations:
        with within("operator", operation.name, operation.type):
            _check_operation(operation, scope)
            scope.define(operation.outputs)
    found = []
    for name in block.outputs:
        kind = scope.find(name)
        if kind is None:
            raise invalid(f"the output {shown(name)} of a block is not defined in it or around it")
        found.append(kind)
    return found


def _check_operation(operation: Operation, scope: _Scope) -> None:
    for bindings in operation.inputs.values():
        for binding in bindings:
            if isinstance(binding, str) and scope.find(binding) is None:
                raise invalid(f"it reads {shown(binding)}, which nothing before it defines")
    if operation.type == "const":
        _check_const(operation)
    if len(operation.blocks) != _BLOCKS.get(operation.type, 0):
        raise invalid(f"it has {len(operation.blocks)} blocks, and should have {_BLOCKS.get(operation.type, 0)}")
    if operation.blocks:
        _check_nested(operation, scope)


def _check_const(operation: Operation) -> None:
    value = operation.attributes.get("val")
    if value is None or len(operation.outputs) != 1 or operation.inputs:
        raise invalid("a constant has one output, a value, and no inputs")
    if value.type != operation.outputs[0].type:
        raise invalid("the value of a constant is of another type than its output")


def _check_nested(operation: Operation, scope: _Scope) -> None:
    """The blocks of a branch give its outputs; those of a loop take its variables, and the body gives them anew."""
    outputs = [value.type for value in operation.outputs]
    variables = [_type(binding, scope) for binding in operation.inputs.get("loop_vars", ())]
    expected: Sequence[tuple[Sequence[Type | None], Sequence[Type | None]]] = (([], outputs), ([], outputs))
    if operation.type == "while_loop":
        expected = ((variables, [_BOOL]), (variables, variables))
        _check_alike(outputs, variables, "outputs", "it")
    for number, (block, (takes, gives)) in enumerate(zip(operation.blocks, expected, strict=True)):
        whose = f"block {number}"
        _check_alike([value.type for value in block.inputs], takes, "inputs", whose)
        _check_alike(_check_block(block, _Scope(block.inputs, scope)), gives, "outputs", whose)


def _type(binding: Binding, scope: _Scope) -> Type | None:
    return scope.find(binding) if isinstance(binding, str) else binding.type


def _check_alike(found: Sequence[Type], wanted: Sequence[Type | None], side: str, whose: str) -> None:
    if len(found) != len(wanted):
        raise invalid(f"{whose} has {len(found)} {side}, and should have {len(wanted)}")
    for number, (one, other) in enumerate(zip(found, wanted, strict=True)):
        if not _alike(one, other):
            raise invalid(f"number {number} of the {side} of {whose} is of another type than what it stands for")


def _alike(one: Type, other: Type | None) -> bool:
    """Whether values can pass from one to the other: sizes may differ, as those of a loop's variables do."""
    if isinstance(one, TensorType) and isinstance(other, TensorType):
        return one.dtype == other.dtype
    if isinstance(one, ListType) and isinstance(other, ListType):
        return _alike(one.element, other.element)
    if isinstance(one, StateType) and isinstance(other, StateType):
        return one.wrapped.dtype == other.wrapped.dtype
    return one == other
