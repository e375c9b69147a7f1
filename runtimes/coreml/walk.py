"""Walks over all operators of a function, nested blocks included."""

from collections.abc import Iterator

from portproof.runtimes.coreml.program import Block, Function, Operation, TensorType


def operations(function: Function) -> Iterator[Operation]:
    """Every operator, constants too, in the order of the file; those of a nested block after their owner."""
    yield from _of_block(function.block)


def _of_block(block: Block) -> Iterator[Operation]:
    for operation in block.operations:
        yield operation
        for inner in operation.blocks:
            yield from _of_block(inner)


def tensor_types(function: Function) -> Iterator[TensorType]:
    """The types of all tensors that operators give."""
    for operation in operations(function):
        yield from (output.type for output in operation.outputs if isinstance(output.type, TensorType))
