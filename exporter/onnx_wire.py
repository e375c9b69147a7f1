"""Reads an ONNX file without its large weights: these stay in the file, and are read from it one by one when wanted.

Parsing a file as it is takes its weights through memory three times (the bytes, the message, the arrays). Here the
graph's large initializers are cut out of the bytes before they are parsed. Field numbers are those of onnx.proto3; the
encoding is https://protobuf.dev/programming-guides/encoding/.
"""

import math
import mmap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portproof.runtimes.onnx_format import fields, varint

if TYPE_CHECKING:
    import onnx_ir as ir
    from numpy.typing import NDArray

    Array = NDArray[Any]

LARGE_BYTES = 4096
"""Smaller weights are left in place: among them are the shapes and axes that inference wants to see."""
_GRAPH, _INITIALIZER = 7, 5
_DIMS, _DATA_TYPE, _NAME, _RAW_DATA = 1, 2, 8, 9
# What a tensor may have beside its data to be cut: dims, data_type, name, doc_string, metadata_props.
_PLAIN = frozenset({_DIMS, _DATA_TYPE, _NAME, _RAW_DATA, 12, 16})
# TensorProto.DataType -> numpy's name, for the types whose raw data are numpy's own bytes.
DTYPES = {
    1: "<f4",
    2: "|u1",
    3: "|i1",
    4: "<u2",
    5: "<i2",
    6: "<i4",
    7: "<i8",
    9: "|b1",
    10: "<f2",
    11: "<f8",
    12: "<u4",
    13: "<u8",
}


@dataclass(frozen=True, kw_only=True)
class Weight:
    """Where the data of an initializer lie in the file.

    Attributes:
        offset: of the first byte.
        shape: of the tensor.
        dtype: numpy's name of its type, little-endian.
    """

    offset: int
    shape: tuple[int, ...]
    dtype: str

    def read(self, path: Path, name: str) -> "ir.TensorProtocol":
        """The tensor, in memory of its own: a file that changes later does not change it."""
        import numpy as np
        import onnx_ir as ir

        flat = np.fromfile(path, self.dtype, math.prod(self.shape), offset=self.offset)
        return ir.Tensor(flat.reshape(self.shape), name=name)


def read(path: Path) -> tuple[bytes, dict[str, Weight]]:
    """The file's bytes without the data of large initializers of the main graph, and where those are, by name.

    A file that is no chain of well-formed fields is given back as it is: parsing it tells what is wrong.
    """
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        weights: dict[str, Weight] = {}
        try:
            return b"".join(_model(data, weights)), weights
        except (IndexError, ValueError):
            return data[:], {}


def _model(data: mmap.mmap, weights: dict[str, Weight]) -> Iterator[bytes]:
    at = 0
    for number, begin, stop in fields(data, 0, len(data)):
        if number == _GRAPH:
            yield from _field(_GRAPH, b"".join(_graph(data, begin, stop, weights)))
        else:
            yield data[at:stop]
        at = stop


def _graph(data: mmap.mmap, start: int, end: int, weights: dict[str, Weight]) -> Iterator[bytes]:
    at = start
    for number, begin, stop in fields(data, start, end):
        cut = _cut(data, begin, stop, weights) if number == _INITIALIZER and stop - begin >= LARGE_BYTES else None
        yield from [data[at:stop]] if cut is None else _field(_INITIALIZER, cut)
        at = stop


def _cut(data: mmap.mmap, start: int, end: int, weights: dict[str, Weight]) -> bytes | None:
    """The tensor without its data, which are entered into `weights`; None where it must stay as it is."""
    parts, kept, at = list(fields(data, start, end)), [], start
    for number, _, stop in parts:
        if number != _RAW_DATA:
            kept.append(data[at:stop])
        at = stop
    found = {number: (begin, stop) for number, begin, stop in parts}
    if not found.keys() >= {_DATA_TYPE, _NAME, _RAW_DATA} or not found.keys() <= _PLAIN:
        return None
    begin, stop = found[_RAW_DATA]
    name, dtype = data[slice(*found[_NAME])].decode(), DTYPES.get(varint(data, found[_DATA_TYPE][0])[0], "")
    weight = Weight(offset=begin, shape=tuple(_dims(data, parts)), dtype=dtype)
    single = sum(number == _RAW_DATA for number, _, _ in parts) == 1
    if not single or not name or name in weights or not dtype or _nbytes(weight) != stop - begin:
        return None
    weights[name] = weight
    return b"".join(kept)


def _dims(data: mmap.mmap, parts: list[tuple[int, int, int]]) -> Iterator[int]:
    """The sizes, packed into one field or each in a field of its own; large numbers, where they are negative."""
    for number, begin, stop in parts:
        at = begin
        while number == _DIMS and at < stop:
            size, at = varint(data, at)
            yield size


def _nbytes(weight: Weight) -> int:
    return math.prod(weight.shape) * int(weight.dtype[2:])


def _field(number: int, content: bytes) -> tuple[bytes, bytes, bytes]:
    return _encoded(number << 3 | 2), _encoded(len(content)), content


def _encoded(number: int) -> bytes:
    digits = bytearray()
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    digits.append(number)
    return bytes(digits)


def attach(
    model: "ir.Model",
    path: Path,
    weights: dict[str, Weight],
    known: "Mapping[str, ir.TensorProtocol | None] | None" = None,
) -> None:
    """Give the initializers of `model`, made of what `read` gave, their data.

    A tensor of `known` with the same name and the same bytes is taken in place of a second copy.
    """
    for name, weight in weights.items():
        tensor, other = weight.read(path, name), (known or {}).get(name)
        value = model.graph.initializers[name]
        value.const_value = other if other is not None and _equal(other, tensor) else tensor


def _equal(a: "ir.TensorProtocol", b: "ir.TensorProtocol") -> bool:
    """Bit by bit, eight bytes at a time where that fits: NaNs are equal to themselves, and less is compared."""
    import numpy as np

    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    word = np.uint64 if b.nbytes % 8 == 0 else np.uint8
    first, second = (np.ascontiguousarray(item.numpy()).reshape(-1).view(word) for item in (a, b))
    return bool(np.array_equal(first, second))
