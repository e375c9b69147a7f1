"""Checks an ONNX file before a runtime gets it: is it protobuf to its end, and where does it take its weights from.

Walks the wire format over a mapping of the file, so that nothing of the file's size is read or copied. Field
numbers are those of onnx.proto3; the encoding is https://protobuf.dev/programming-guides/encoding/. Standard
library only.
"""

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from portproof.device_profiles.errors import PortproofError

_PROTOBUF_LIMIT = (1 << 31) - 1
_TENSOR = "Tensor"
# Message -> field number -> message of that field, for every path that leads to a tensor.
_MESSAGES = {
    "Model": {7: "Graph", 25: "Function"},
    "Graph": {1: "Node", 5: _TENSOR, 15: "SparseTensor"},
    "Function": {7: "Node", 11: "Attribute"},
    "Node": {5: "Attribute"},
    "Attribute": {5: _TENSOR, 6: "Graph", 10: _TENSOR, 11: "Graph", 22: "SparseTensor", 23: "SparseTensor"},
    "SparseTensor": {1: _TENSOR, 2: _TENSOR},
}
_MODEL_FIELDS = {1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26}
_MAX_DEPTH = 64
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def check(path: Path) -> None:
    """Raise unless the file has the form of an ONNX model whose external weights lie in its own folder.

    Raises:
        PortproofError: ``E-FILE-MISSING``; ``E-MODEL-FORMAT`` when it is no ONNX model, damaged, or above the
            2 GiB of protobuf; ``E-MODEL-EXTERNAL`` when weights are missing, too short, or outside the
            model's folder.
    """
    if not path.is_file():
        raise PortproofError("E-FILE-MISSING", f"there is no file {path.name}", where=str(path))
    size = path.stat().st_size
    if not 0 < size <= _PROTOBUF_LIMIT:
        _damaged(path, "it is empty" if not size else f"it has {size} bytes, protobuf ends at 2 GiB")
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            if not any(number == 7 for number, _, _ in fields(data, 0, size, known=_MODEL_FIELDS)):
                _damaged(path, "it holds no graph")
            for external in _externals(data, "Model", 0, size, 0):
                _check_external(path, external)
        except (IndexError, ValueError) as error:
            _damaged(path, f"its protobuf is damaged ({error})")


def _externals(data: mmap.mmap, message: str, start: int, end: int, depth: int) -> Iterator[dict[str, str]]:
    """The external_data entries of every tensor below a message."""
    if depth > _MAX_DEPTH:
        raise ValueError("graphs are nested too deeply")
    for number, begin, stop in fields(data, start, end):
        inner = _MESSAGES[message].get(number)
        if inner == _TENSOR:
            entries = dict(_entry(data, b, e) for n, b, e in fields(data, begin, stop) if n == 13)
            if entries:
                yield entries
        elif inner:
            yield from _externals(data, inner, begin, stop, depth + 1)


def _entry(data: mmap.mmap, start: int, end: int) -> tuple[str, str]:
    parts = {number: data[begin:stop].decode() for number, begin, stop in fields(data, start, end)}
    return parts.get(1, ""), parts.get(2, "")


def _check_external(path: Path, entry: dict[str, str]) -> None:
    folder = path.resolve().parent
    location = entry.get("location", "")
    target = (folder / location).resolve()
    if not location or Path(location).is_absolute() or not target.is_relative_to(folder):
        _external(path, location, "it points outside the model's folder", "keep weights beside the model")
    if not target.is_file():
        _external(path, location, "the file does not exist", "copy it beside the model, under the name it had")
    needed = int(entry.get("offset") or 0) + int(entry.get("length") or 0)
    size = target.stat().st_size
    if needed > size:
        _external(path, location, f"it has {size} bytes, {needed} are needed", "copy it again, whole")


def _external(path: Path, location: str, why: str, hint: str) -> NoReturn:
    what = f"the external weights {location!r} of {path.name} cannot be used"
    raise PortproofError("E-MODEL-EXTERNAL", what, where=str(path), why=why, hint=hint)


def _damaged(path: Path, why: str) -> NoReturn:
    raise PortproofError(
        "E-MODEL-FORMAT",
        f"{path.name} is not a readable ONNX model",
        where=str(path),
        why=why,
        hint="check that the file was copied whole, or export it again",
    )


def fields(data: mmap.mmap, start: int, end: int, known: set[int] | None = None) -> Iterator[tuple[int, int, int]]:
    """Field number and extent of the content of every field between two positions; skips over the content.

    Raises:
        ValueError, IndexError: the bytes are no chain of such fields.
    """
    at = start
    while at < end:
        key, at = varint(data, at)
        number, wire = key >> 3, key & 7
        if known is not None and number not in known:
            raise ValueError(f"field {number} is none of a model's")
        if wire == _VARINT:
            _, stop = varint(data, at)
        elif wire == _BYTES:
            length, at = varint(data, at)
            stop = at + length
        elif wire in (_FIXED32, _FIXED64):
            stop = at + (4 if wire == _FIXED32 else 8)
        else:
            raise ValueError(f"wire type {wire} at byte {at}")
        if stop > end or number == 0:
            raise ValueError(f"a field at byte {at} runs past the end")
        yield number, at, stop
        at = stop


def varint(data: mmap.mmap, at: int) -> tuple[int, int]:
    """The base-128 number at a position, and the position behind it."""
    value = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError(f"a number at byte {at} does not end")
