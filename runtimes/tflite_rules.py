"""What a TFLite model's numbers must satisfy for an interpreter to load it: versions, indices, sizes."""

from collections.abc import Iterator
from typing import Any

# Bits of an element by `TensorType`, for the types whose constants have a fixed size: FLOAT32, FLOAT16,
# INT32, UINT8, INT64, BOOL, INT16, COMPLEX64, INT8, FLOAT64, COMPLEX128, UINT64, UINT32, UINT16, INT4,
# BFLOAT16.
_BITS = {
    0: 32,
    1: 16,
    2: 32,
    3: 8,
    4: 64,
    6: 8,
    7: 16,
    8: 64,
    9: 8,
    10: 64,
    11: 128,
    12: 64,
    15: 32,
    16: 16,
    17: 4,
    18: 16,
}
_VERSION = 3


def first_violation(model: Any, file_size: int) -> str:
    """Why a `ModelT` cannot be loaded; empty when nothing is wrong with it.

    Args:
        model: a `schema.ModelT`.
        file_size: bytes in its file; buffers may lie behind the flatbuffer.
    """
    return next(_violations(model, file_size), "")


def _violations(model: Any, file_size: int) -> Iterator[str]:
    if model.version != _VERSION:
        yield f"its schema version is {model.version}, not {_VERSION}"
    if not model.subgraphs:
        yield "it holds no graph"
    yield from _buffers(model, file_size)
    for number, graph in enumerate(model.subgraphs or ()):
        yield from (f"graph {number}: {reason}" for reason in _graph(model, graph))
    for signature in model.signatureDefs or ():
        yield from _signature(model, signature)
    for entry in model.metadata or ():
        yield from _index("metadata buffer", entry.buffer, model.buffers)


def _buffers(model: Any, file_size: int) -> Iterator[str]:
    for number, buffer in enumerate(model.buffers or ()):
        if buffer.offset > 1 and buffer.offset + buffer.size > file_size:
            yield f"buffer {number} runs past the end of the file"


def _graph(model: Any, graph: Any) -> Iterator[str]:
    for tensor in _items(graph.tensors):
        yield from _index("buffer of a tensor", tensor.buffer, model.buffers)
        yield from _tensor(model, tensor)
    for ends in (graph.inputs, graph.outputs):
        for index in _items(ends):
            yield from _index("graph input or output", index, graph.tensors)
    for operator in _items(graph.operators):
        yield from _index("operator code", operator.opcodeIndex, model.operatorCodes)
        for index in (*_items(operator.inputs), *_items(operator.outputs)):
            if index != -1:  # an optional input that is absent
                yield from _index("operand", index, graph.tensors)


def _tensor(model: Any, tensor: Any) -> Iterator[str]:
    sizes = [int(size) for size in _items(tensor.shape)]
    if any(size < 0 for size in sizes):
        yield f"tensor {_name(tensor)} has the shape {sizes}"
    stored = _stored_bytes(model.buffers[tensor.buffer])
    bits = _BITS.get(tensor.type)
    if stored == 0 or bits is None or tensor.sparsity is not None:
        return
    for size in sizes:
        bits *= size
    if stored != (bits + 7) // 8:
        yield f"tensor {_name(tensor)} needs {(bits + 7) // 8} bytes, its buffer has {stored}"


def _signature(model: Any, signature: Any) -> Iterator[str]:
    yield from _index("graph of a signature", signature.subgraphIndex, model.subgraphs)
    tensors = model.subgraphs[signature.subgraphIndex].tensors
    for entry in (*_items(signature.inputs), *_items(signature.outputs)):
        yield from _index("tensor of a signature", entry.tensorIndex, tensors)


def _index(what: str, index: int, sequence: Any) -> Iterator[str]:
    count = len(_items(sequence))
    if not 0 <= index < count:
        yield f"the {what} is number {index} of {count}"


def _items(sequence: Any) -> Any:
    return () if sequence is None else sequence


def _stored_bytes(buffer: Any) -> int:
    return int(buffer.size) if buffer.offset > 1 else len(_items(buffer.data))


def _name(tensor: Any) -> str:
    return bytes(tensor.name or b"").decode("utf-8", "replace")
