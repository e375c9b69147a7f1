"""Functions, blocks and operators of an ML Program."""

from collections.abc import Mapping
from typing import Any

from portproof.runtimes.coreml.faults import damaged, invalid, shown, unsupported, within
from portproof.runtimes.coreml.program import OPSETS, Binding, Block, Function, Literal, Operation
from portproof.runtimes.coreml.types import read_named
from portproof.runtimes.coreml.values import read_value
from portproof.runtimes.coreml.weights import Weights

MAX_NESTING = 30
"""Blocks within blocks; protobuf's own limit of 100 messages comes a little later."""

_VERSION = 1


def read_functions(program: Any, weights: Weights) -> Mapping[str, Function]:
    """The functions of a `Program` message by name, in the order of their names.

    Raises:
        FaultError: ``E-MODEL-FORMAT``, ``E-MODEL-INVALID``, ``E-MODEL-EXTERNAL`` or ``E-MODEL-UNSUPPORTED``, with the
            function and the operator.
    """
    if program.version != _VERSION:
        raise unsupported(f"its program is of version {program.version}; known is {_VERSION}")
    found = {}
    for name in sorted(program.functions):
        with within("function", name):
            found[name] = _function(name, program.functions[name], weights)
    return found


def _function(name: str, message: Any, weights: Weights) -> Function:
    if message.opset not in OPSETS:
        raise unsupported(f"it uses operator set {shown(message.opset)}; known are {', '.join(OPSETS)}")
    if message.opset not in message.block_specializations:
        raise damaged(f"it has no block for its operator set {message.opset}")
    _refuse_attributes(message, "function")
    block = _block(message.block_specializations[message.opset], weights, 0)
    if block.inputs:
        raise invalid("the block of a function has inputs of its own")
    return Function(
        name=name,
        inputs=tuple(read_named(value) for value in message.inputs),
        opset=message.opset,
        block=block,
    )


def _refuse_attributes(message: Any, kind: str) -> None:
    if message.attributes:
        names = ", ".join(shown(name) for name in sorted(message.attributes))
        raise unsupported(f"a {kind} has attributes that are not known: {names}")


def _block(message: Any, weights: Weights, depth: int) -> Block:
    if depth > MAX_NESTING:
        raise unsupported(f"blocks are nested more than {MAX_NESTING} deep")
    _refuse_attributes(message, "block")
    return Block(
        inputs=tuple(read_named(value) for value in message.inputs),
        outputs=tuple(message.outputs),
        operations=tuple(_operation(operation, weights, depth) for operation in message.operations),
    )


def _operation(message: Any, weights: Weights, depth: int) -> Operation:
    with within("operator", message.outputs[0].name if message.outputs else "", message.type):
        if not message.type:
            raise damaged("it has no type")
        return Operation(
            type=message.type,
            inputs={name: _bindings(name, message.inputs[name], weights) for name in sorted(message.inputs)},
            outputs=tuple(read_named(value) for value in message.outputs),
            blocks=tuple(_block(block, weights, depth + 1) for block in message.blocks),
            attributes={name: _attribute(name, message, weights) for name in sorted(message.attributes)},
        )


def _attribute(name: str, message: Any, weights: Weights) -> Literal:
    with within("attribute", name):
        return read_value(message.attributes[name], weights)


def _bindings(name: str, argument: Any, weights: Weights) -> tuple[Binding, ...]:
    with within("parameter", name):
        return tuple(_binding(binding, weights) for binding in argument.arguments)


def _binding(message: Any, weights: Weights) -> Binding:
    kind = message.WhichOneof("binding")
    if kind == "value":
        return read_value(message.value, weights)
    if kind is None or not message.name:
        raise damaged("an argument is neither a name nor a value")
    return str(message.name)
