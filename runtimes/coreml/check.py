"""Checks a program against the rules of the language: every name is defined once, and before it is read."""

from collections.abc import Iterable

from portproof.runtimes.coreml.check_interface import check_interface
from portproof.runtimes.coreml.faults import damaged, invalid, shown, within
from portproof.runtimes.coreml.program import Block, Function, Operation, Package

_BLOCKS = {"cond": 2, "while_loop": 2}
"""The operators that have blocks, and how many: of a loop its condition, then its body."""


class _Scope:
    """The names that can be read at one place: those of a block so far, and those around it."""

    def __init__(self, outer: "_Scope | None" = None) -> None:
        self._outer = outer
        self._own: set[str] = set()

    def define(self, name: str) -> None:
        """A name of this block; it may hide one around it."""
        if name in self._own:
            raise invalid(f"the name {shown(name)} is defined twice")
        self._own.add(name)

    def knows(self, name: str) -> bool:
        scope: _Scope | None = self
        while scope is not None:
            if name in scope._own:
                return True
            scope = scope._outer
        return False


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
    scope = _Scope()
    _define((value.name for value in function.inputs), scope)
    if not function.block.outputs:
        raise invalid("it has no output")
    _check_block(function.block, scope)


def _define(names: Iterable[str], scope: _Scope) -> None:
    for name in names:
        scope.define(name)


def _check_block(block: Block, scope: _Scope) -> None:
    for operation in block.operations:
        with within("operator", operation.name, operation.type):
            _check_operation(operation, scope)
            _define((value.name for value in operation.outputs), scope)
    for name in block.outputs:
        if not scope.knows(name):
            raise invalid(f"the output {shown(name)} of a block is not defined in it or around it")


def _check_operation(operation: Operation, scope: _Scope) -> None:
    for bindings in operation.inputs.values():
        for binding in bindings:
            if isinstance(binding, str) and not scope.knows(binding):
                raise invalid(f"it reads {shown(binding)}, which nothing before it defines")
    if operation.type == "const":
        _check_const(operation)
    if len(operation.blocks) != _BLOCKS.get(operation.type, 0):
        raise invalid(f"it has {len(operation.blocks)} blocks, and should have {_BLOCKS.get(operation.type, 0)}")
    _check_signatures(operation)
    for block in operation.blocks:
        inner = _Scope(scope)
        _define((value.name for value in block.inputs), inner)
        _check_block(block, inner)


def _check_const(operation: Operation) -> None:
    value = operation.attributes.get("val")
    if value is None or len(operation.outputs) != 1 or operation.inputs:
        raise invalid("a constant has one output, a value, and no inputs")
    if value.type != operation.outputs[0].type:
        raise invalid("the value of a constant is of another type than its output")


def _check_signatures(operation: Operation) -> None:
    """The blocks of a branch give its outputs; those of a loop take its variables, and the body gives them anew."""
    outputs = len(operation.outputs)
    variables = len(operation.inputs.get("loop_vars", ()))
    expected = {
        "cond": ((0, outputs), (0, outputs)),
        "while_loop": ((variables, 1), (variables, variables)),
    }.get(operation.type, ())
    for number, (block, wanted) in enumerate(zip(operation.blocks, expected, strict=True)):
        found = (len(block.inputs), len(block.outputs))
        if found != wanted:
            has, needs = (f"{inputs} inputs and {outputs} outputs" for inputs, outputs in (found, wanted))
            raise invalid(f"block {number} has {has}, and should have {needs}")
    if operation.type == "while_loop" and outputs != variables:
        raise invalid(f"it has {variables} variables and {outputs} outputs")
