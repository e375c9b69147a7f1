"""Serialises the object tree to flatbuffer bytes: aligned as the schema asks, large weights not copied at all."""

import mmap
from collections.abc import Iterable, Iterator
from typing import Any

import flatbuffers
import numpy as np

from portproof.exporter.tflite.values import Array, bytes_of
from portproof.runtimes.tflite_schema import schema

BUFFER_ALIGNMENT = 16
"""`force_align: 16` of `Buffer.data` in the schema; generated Python code does not honour it."""
FILE_IDENTIFIER = b"TFL3"


MOST_INLINE_BYTES = 2**31 - 2**26
"""A flatbuffer's offsets are signed 32-bit numbers; what the structure takes beside the weights is left free."""
FEWEST_OUTSIDE_BYTES = 2**16
"""Smaller buffers stay in the flatbuffer, where every reader of metadata and parameters finds them."""
_CHUNK_BYTES = 2**24
_BLOCK = 64

Piece = memoryview | Array
"""A part of the file: bytes, or an array whose elements are the bytes, in their logical order."""


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


class _Builder(flatbuffers.Builder):  # type: ignore[misc]  # (untyped)
    """A builder that keeps the place of large arrays free, to be filled when the file is written.

    Its memory is that of an anonymous mapping, whose pages cost nothing until they are written to: those of the free
    places never are.

    Attributes:
        places: of the arrays left out, back to front: the distance from the end of the file, and the array.
    """

    def __init__(self, size: int) -> None:
        super().__init__(0)
        self.Bytes = memoryview(mmap.mmap(-1, size))
        self.head = size
        self.places: list[tuple[int, Array]] = []

    def pieces(self) -> list[Piece]:
        """The finished file."""
        found: list[Piece] = []
        data, at = memoryview(self.Bytes), self.head
        for distance, array in reversed(self.places):
            start = len(data) - distance
            found += [data[at:start], array]
            at = start + array.nbytes
        return [*found, data[at:]]


def _aligned_vector(builder: _Builder, array: Array) -> int:
    builder.StartVector(1, array.nbytes, BUFFER_ALIGNMENT)
    head = builder.head - array.nbytes
    builder.head = head
    if array.nbytes < FEWEST_OUTSIDE_BYTES:
        builder.Bytes[head : head + array.nbytes] = bytes_of(array)
    else:
        builder.places.append((len(builder.Bytes) - head, array))
    return int(builder.EndVector())


def chunks(piece: Piece) -> Iterator[memoryview]:
    """The bytes of a piece, to be written one after the other: views are made contiguous a few megabytes at a time."""
    array = np.asarray(piece)
    if array.flags.c_contiguous:
        yield bytes_of(array)
        return
    rows = max(1, _CHUNK_BYTES * len(array) // array.nbytes)
    for start in range(0, len(array), rows):
        yield bytes_of(_contiguous(array[start : start + rows]))


def _contiguous(view: Array) -> Array:
    """A copy in C's order; of a transposed matrix by narrow columns, an eighth of the time of one go."""
    if view.ndim != 2:
        return np.ascontiguousarray(view)
    made = np.empty(view.shape, view.dtype)
    for start in range(0, view.shape[1], _BLOCK):
        made[:, start : start + _BLOCK] = view[:, start : start + _BLOCK]
    return made


def joined(pieces: Iterable[Piece]) -> memoryview:
    """The whole file in memory."""
    return memoryview(b"".join(chunk for piece in pieces for chunk in chunks(piece)))


def pack(model: Any, *, most_inline_bytes: int = MOST_INLINE_BYTES) -> list[Piece]:
    """The file of a `ModelT`, in pieces to be written one after the other.

    Large weights are pieces of their own, in the middle of the flatbuffer. Where they do not fit into one they follow
    it, each at the offset that its buffer names (`Buffer.offset` of the schema).
    """
    if sum(buffer.data.nbytes for buffer in model.buffers if buffer.data is not None) <= most_inline_bytes:
        return _flatbuffer(model)
    outside = [b for b in model.buffers if b.data is not None and b.data.nbytes >= FEWEST_OUTSIDE_BYTES]
    for buffer in outside:
        buffer.offset = buffer.size = 1  # any number but 0, which would not be stored and make the structure shorter
    place = _size(_flatbuffer(model))
    for buffer in outside:
        place += -place % BUFFER_ALIGNMENT
        buffer.offset, buffer.size = place, buffer.data.nbytes
        place += buffer.size
    return _followed(_flatbuffer(model), outside)


def _followed(structure: list[Piece], outside: list[AlignedBuffer]) -> list[Piece]:
    pieces, place = list(structure), _size(structure)
    for buffer in outside:
        if gap := buffer.offset - place:
            pieces.append(memoryview(bytes(gap)))
        if buffer.data is not None:
            pieces.append(buffer.data)
        place = buffer.offset + buffer.size
    return pieces


def _size(pieces: Iterable[Piece]) -> int:
    return sum(piece.nbytes for piece in pieces)


def _flatbuffer(model: Any) -> list[Piece]:
    """The builder is given its final size at once: growing it would touch the free places."""
    inline = [buffer for buffer in model.buffers if buffer.data is not None and not buffer.offset]
    weights = sum(buffer.data.nbytes + 2 * BUFFER_ALIGNMENT for buffer in inline)
    structure = 4096 + 512 * sum(len(graph.tensors) + len(graph.operators) for graph in model.subgraphs)
    builder = _Builder(weights + structure)
    builder.Finish(model.Pack(builder), file_identifier=FILE_IDENTIFIER)
    return builder.pieces()
