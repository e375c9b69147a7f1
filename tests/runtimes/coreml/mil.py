"""Runs single MIL operators in the emulator, written by hand: no file, no coremltools."""

import re
from typing import Any

import numpy as np
import torch

from portproof.runtimes.coreml.dtypes import DTYPES
from portproof.runtimes.coreml.engine import Executable
from portproof.runtimes.coreml.program import (
    Binding,
    Block,
    Function,
    ListType,
    Literal,
    NamedType,
    Operation,
    TensorType,
    Type,
)


class Const:
    """An array that stands in the program; `dtype` where MIL's type is not numpy's."""

    def __init__(self, value: Any, dtype: str = "") -> None:
        self.value = np.asarray(value)
        self.dtype = dtype or self.value.dtype.name


class Ref(str):
    """The name of a value."""


def tensor(text: str) -> TensorType:
    """A type from ``"float16[2,?]"``; without brackets of any shape."""
    dtype, _, shape = text.partition("[")
    if not shape:
        return TensorType(dtype=dtype, shape=None)
    sizes = [size for size in re.split(r"[,\]\s]+", shape) if size]
    return TensorType(dtype=dtype, shape=tuple(None if size == "?" else int(size) for size in sizes))


def literal(value: Any) -> Literal:
    """A Python value, or a `Const`, as it stands in a program."""
    if isinstance(value, str):
        return Literal(type=tensor("string[]"), value=value)
    if isinstance(value, Const):
        return Literal(type=TensorType(dtype=value.dtype, shape=value.value.shape), value=value.value)
    if isinstance(value, list) and value and isinstance(value[0], str):
        return Literal(type=ListType(element=tensor("string[]"), length=len(value)), value=value)
    array = np.asarray(value)
    narrow = {"i": "int32", "f": "float32", "b": "bool"}[array.dtype.kind]
    return Literal(type=TensorType(dtype=narrow, shape=array.shape), value=array.astype(narrow))


def held(array: Any) -> torch.Tensor:
    """An array as the engine holds values of its type."""
    return torch.from_numpy(np.array(array).astype(DTYPES[array.dtype.name].torch))


def function(
    op_type: str, outputs: list[str], parameters: dict[str, Any], opset: str
) -> tuple[Function, dict[str, Any]]:
    """A function of one operator, and what to feed it.

    Arrays are inputs; everything else stands in the program. A tuple is a variadic parameter.
    """
    feeds: dict[str, np.ndarray] = {}

    def bound(name: str, value: Any) -> Binding:
        if not isinstance(value, np.ndarray):
            return literal(value)
        feeds[name] = value
        return name

    inputs = {
        name: tuple(bound(f"{name}_{place}", item) for place, item in enumerate(value))
        if isinstance(value, tuple)
        else (bound(f"{name}_", value),)
        for name, value in parameters.items()
        if value is not None
    }
    made = tuple(NamedType(name=f"out_{place}", type=tensor(text)) for place, text in enumerate(outputs))
    operation = Operation(type=op_type, inputs=inputs, outputs=made)
    block = Block(inputs=(), outputs=tuple(value.name for value in made), operations=(operation,))
    types: dict[str, Type] = {name: TensorType(dtype=v.dtype.name, shape=v.shape) for name, v in feeds.items()}
    named = tuple(NamedType(name=name, type=kind) for name, kind in types.items())
    made_function = Function(name="main", inputs=named, opset=opset, block=block)
    return made_function, {name: held(array) for name, array in feeds.items()}


def run(op_type: str, outputs: str, /, *, opset: str = "CoreML5", precision: Any = "strict", **parameters: Any) -> Any:
    """The result of one operator, a list of results where several types are declared.

    Args:
        op_type: the operator.
        outputs: the declared types, separated by spaces, as `tensor` reads them.
        opset: the operator set.
        precision: of the run.
        parameters: by MIL's names; see `function`. None leaves one out.
    """
    made, feeds = function(op_type, outputs.split(), parameters, opset)
    results = [
        value.numpy() if isinstance(value, torch.Tensor) else value
        for value in Executable(made, precision=precision).run(feeds).values()
    ]
    return results[0] if len(results) == 1 else results


def named(text: str) -> tuple[NamedType, ...]:
    """Names and types from ``"x:float32[2] y:int32[]"``."""
    pairs = (item.split(":") for item in text.split())
    return tuple(NamedType(name=name, type=tensor(kind)) for name, kind in pairs)


def op(
    op_type: str, outputs: str | tuple[NamedType, ...], /, *blocks: Block, attributes: Any = None, **parameters: Any
) -> Operation:
    """An operator; a parameter is a `Ref`, something that `literal` takes, or a tuple of such."""
    inputs = {
        name: tuple(
            item if isinstance(item, Ref) else literal(item)
            for item in (value if isinstance(value, tuple) else (value,))
        )
        for name, value in parameters.items()
    }
    made = named(outputs) if isinstance(outputs, str) else outputs
    return Operation(type=op_type, inputs=inputs, outputs=made, blocks=blocks, attributes=attributes or {})


def block(operations: list[Operation], outputs: str, inputs: str = "") -> Block:
    """A block of control flow."""
    return Block(inputs=named(inputs), outputs=tuple(outputs.split()), operations=tuple(operations))


def program(
    inputs: str | tuple[NamedType, ...], operations: list[Operation], outputs: str, *, opset: str = "CoreML5"
) -> Function:
    """A function of several operators."""
    taken = named(inputs) if isinstance(inputs, str) else inputs
    return Function(name="main", inputs=taken, opset=opset, block=block(operations, outputs))
