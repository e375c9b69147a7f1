"""Serialises the object tree to flatbuffer bytes: aligned as the schema asks, the weights copied once."""

from typing import Any

import flatbuffers

from portproof.exporter.tflite.values import Array, bytes_of
from portproof.runtimes.tflite_schema import schema

BUFFER_ALIGNMENT = 16
"""`force_align: 16` of `Buffer.data` in the schema; generated Python code does not honour it."""
FILE_IDENTIFIER = b"TFL3"


class AlignedBuffer(schema.BufferT):  # type: ignore[misc]  # (the generated schema is untyped)
    """A buffer whose bytes start at a multiple of 16 in the file, as kernels may assume."""

    def __init__(self, array: Array | None = None) -> None:
        super().__init__()
        self.data = array

    def Pack(self, builder: Any) -> int:  # noqa: N802 (the name is the generated code's)
        """Writes the bytes, then the table."""
        offset = None if self.data is None else _aligned_vector(builder, self.data)
        schema.BufferStart(builder)
        if offset is not None:
            schema.BufferAddData(builder, offset)
        return int(schema.BufferEnd(builder))


def _aligned_vector(builder: Any, array: Array) -> int:
    raw = bytes_of(array)
    builder.StartVector(1, len(raw), BUFFER_ALIGNMENT)
    head = builder.head - len(raw)
    builder.head = head
    builder.Bytes[head : head + len(raw)] = raw
    return int(builder.EndVector())


def pack(model: Any) -> memoryview:
    """The bytes of a `ModelT`.

    The builder is given its final size at once: growing it would copy the weights several times.
    """
    weights = sum(buffer.data.nbytes + 2 * BUFFER_ALIGNMENT for buffer in model.buffers if buffer.data is not None)
    structure = 4096 + 512 * sum(len(graph.tensors) + len(graph.operators) for graph in model.subgraphs)
    builder = flatbuffers.Builder(weights + structure)
    builder.Finish(model.Pack(builder), file_identifier=FILE_IDENTIFIER)
    return memoryview(builder.Bytes)[builder.head :]
