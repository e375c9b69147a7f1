"""The memory of a Core ML package, from the types that its program declares."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from portproof.runtimes.coreml.parse import read as read_package
from portproof.runtimes.coreml.program import Block, Function, Operation, TensorType, Type
from portproof.runtimes.memory.liveness import Buffer
from portproof.runtimes.memory.memory_plan import MemoryPlan, planned
from portproof.runtimes.memory.sharing import Graph, Sharing, Step

_BYTES = {"float64": 8, "int64": 8, "uint64": 8, "float32": 4, "int32": 4, "uint32": 4, "float16": 2, "int16": 2}
_BYTES |= {"uint16": 2}
_SAME_DATA = frozenset({"reshape", "expand_dims", "squeeze", "identity"})
_ELEMENTWISE = frozenset({"add", "sub", "mul", "real_div", "maximum", "minimum", "relu", "relu6", "leaky_relu", "clip"})
_ELEMENTWISE |= {"sigmoid", "tanh", "gelu", "silu", "sigmoid_hard", "exp", "log", "sqrt", "rsqrt", "erf", "softmax"}
_SHARING: dict[str, Sharing] = {
    **dict.fromkeys(_SAME_DATA, "same_data"),
    **dict.fromkeys(_ELEMENTWISE, "first_two"),
}
"""Core ML documents no memory plan: that what runs elementwise does so in place is assumed, as elsewhere."""


def read(path: Path) -> MemoryPlan:
    """The plan of the package's default function; tensors in nested blocks count where their operator runs.

    Raises:
        PortproofError: ``E-FILE-MISSING``, ``E-MODEL-FORMAT``.
    """
    package = read_package(path)
    function = package.functions[package.default_function]
    computing = [operation for operation in function.block.operations if not _is_constant(operation)]
    return planned(
        _tensors(function, computing),
        [f"{operation.type} {operation.name}" for operation in computing],
        weight_bytes=sum(file.stat().st_size for file in path.rglob("weight*.bin")),
        nested=list(_nested(computing)),
    )


def _is_constant(operation: Operation) -> bool:
    return operation.type.startswith("const")


def _tensors(function: Function, computing: Sequence[Operation]) -> Graph:
    inner = [[each for block in operation.blocks for each in _all(block)] for operation in computing]
    steps = [
        Step(
            inputs=[name for each in (operation, *within) for name in _read(each)],
            outputs=[value.name for value in operation.outputs],
            sharing=_SHARING.get(operation.type, "none"),
        )
        for operation, within in zip(computing, inner, strict=True)
    ]
    made = [value for operation in computing for value in operation.outputs]
    return Graph(
        steps=steps,
        sizes={value.name: _size(value.type) for value in (*function.inputs, *made)},
        inputs=[value.name for value in function.inputs],
        outputs=function.block.outputs,
    )


def _nested(computing: Sequence[Operation]) -> Iterator[Buffer]:
    for at, operation in enumerate(computing):
        for block in operation.blocks:
            sizes = [_size(value.type) or 0 for each in _all(block) for value in each.outputs]
            yield Buffer(name=f"inside {operation.name}", size=sum(sizes), first=at, last=at)


def _all(block: Block) -> Iterator[Operation]:
    for operation in block.operations:
        if not _is_constant(operation):
            yield operation
        for inner in operation.blocks:
            yield from _all(inner)


def _read(operation: Operation) -> Iterator[str]:
    for bindings in operation.inputs.values():
        yield from (binding for binding in bindings if isinstance(binding, str))


def _size(kind: Type) -> int | None:
    if not isinstance(kind, TensorType) or kind.shape is None:
        return None
    sizes = [size for size in kind.shape if size is not None]
    return math.prod(sizes) * _BYTES.get(kind.dtype, 1) if len(sizes) == len(kind.shape) else None
