"""Serialises the object tree to flatbuffer bytes: aligned as the schema asks, the weights copied once."""

from typing import Any

import flatbuffers

from portproof.exporter.tflite.values import Array, bytes_of
from portproof.runtimes.tflite_schema import schema

BUFFER_ALIGNMENT = 16
"""`force_align: 16` of `Buffer.data` in the schema; generated Python code does not honour it."""
FILE_IDENTIFIER = b"TFL3"


MOST_INLINE_BYTES = 2**31 - 2**26
"""A flatbuffer's offsets are signed 32-bit numbers; what the structure takes beside the weights is left free."""
FEWEST_OUTSIDE_BYTES = 2**16
"""Smaller buffers stay in the flatbuffer, where every reader of metadata and parameters finds them."""


class AlignedBuffer(schema.BufferT):  # type: ignore[misc]  # (the generated schema is untyped)
    """A buffer whose bytes start at a multiple of 16 in the file, as kernels may assume.

    With `offset` set its bytes lie there in the file, behind the flatbuffer, and not in it.
    """

    def __init__(self, array: Array | None = None) -> None:
        super().__init__()
        self.data = array

    def Pack(self, builder: Any) -> int:  # noqa: N802 (the name is the generated code's)
        """Writes the bytes, then the table."""
        vector = _aligned_vector(builder, self.data) if self.data is not None and not self.offset else None
        schema.BufferStart(builder)
        if vector is not None:
            schema.BufferAddData(builder, vector)
        if self.offset:
            schema.BufferAddOffset(builder, self.offset)
            schema.BufferAddSize(builder, self.size)
        return int(schema.BufferEnd(builder))


def _aligned_vector(builder: Any, array: Array) -> int:
    raw = bytes_of(array)
    builder.StartVector(1, len(raw), BUFFER_ALIGNMENT)
    head = builder.head - len(raw)
    builder.head = head
    builder.Bytes[head : head + len(raw)] = raw
    return int(builder.EndVector())


def pack(model: Any, *, most_inline_bytes: int = MOST_INLINE_BYTES) -> list[memoryview]:
    """The file of a `ModelT`, in pieces to be written one after the other.

    One piece where the weights fit into a flatbuffer. Where they do not, the large ones follow it, each at the
    offset that its buffer names (`Buffer.offset` of the schema), without another copy in memory.
    """
    if sum(buffer.data.nbytes for buffer in model.buffers if buffer.data is not None) <= most_inline_bytes:
        return [_flatbuffer(model)]
    outside = [b for b in model.buffers if b.data is not None and b.data.nbytes >= FEWEST_OUTSIDE_BYTES]
    for buffer in outside:
        buffer.offset = buffer.size = 1  # any number but 0, which would not be stored and make the structure shorter
    place = len(_flatbuffer(model))
    for buffer in outside:
        place += -place % BUFFER_ALIGNMENT
        buffer.offset, buffer.size = place, buffer.data.nbytes
        place += buffer.size
    return _pieces(_flatbuffer(model), outside)


def _pieces(structure: memoryview, outside: list[AlignedBuffer]) -> list[memoryview]:
    pieces, place = [structure], len(structure)
    for buffer in outside:
        if gap := buffer.offset - place:
            pieces.append(memoryview(bytes(gap)))
        if buffer.data is not None:
            pieces.append(bytes_of(buffer.data))
        place = buffer.offset + buffer.size
    return pieces


def _flatbuffer(model: Any) -> memoryview:
    """The builder is given its final size at once: growing it would copy the weights several times."""
    inline = [buffer for buffer in model.buffers if buffer.data is not None and not buffer.offset]
    weights = sum(buffer.data.nbytes + 2 * BUFFER_ALIGNMENT for buffer in inline)
    structure = 4096 + 512 * sum(len(graph.tensors) + len(graph.operators) for graph in model.subgraphs)
    builder = flatbuffers.Builder(weights + structure)
    builder.Finish(model.Pack(builder), file_identifier=FILE_IDENTIFIER)
    return memoryview(builder.Bytes)[builder.head :]
