"""The outermost structure of an ONNX file, walked with seeks: a huge file that is no model is never read in.

An ONNX file is one protobuf message, ModelProto: a chain of (tag, payload) fields that must end where the
file ends. Rules: https://protobuf.dev/programming-guides/encoding and onnx.proto.
"""

import os
from pathlib import Path
from typing import BinaryIO

from portproof.device_profiles.errors import PortproofError

_MAX_BYTES = (2 << 30) - 1
_VARINT, _LENGTH = 0, 2
# ModelProto's fields: number -> wire type.
_FIELDS = {1: _VARINT, 5: _VARINT} | dict.fromkeys((2, 3, 4, 6, 7, 8, 14, 20, 25, 26), _LENGTH)


def check(path: Path) -> None:
    """Raise E-MODEL-FORMAT unless the file is a chain of ModelProto's fields. Reads a few bytes a field."""
    reason = _fault(path)
    if reason:
        raise PortproofError(
            "E-MODEL-FORMAT",
            f"{path.name} is not an ONNX model, or is damaged",
            where=str(path),
            why=reason,
            hint="Give a torch model (file.py:factory, .pt2) or an ONNX file.",
        )


def _fault(path: Path) -> str:
    size = path.stat().st_size
    if size == 0:
        return "the file is empty"
    if size > _MAX_BYTES:
        return f"it has {size} bytes; an ONNX file has at most 2 GiB, larger weights lie in external data"
    with path.open("rb") as file:
        return _walk(file, size)


def _walk(file: BinaryIO, size: int) -> str:
    while (position := file.tell()) < size:
        tag = _varint(file)
        if tag is None or _FIELDS.get(tag >> 3) != tag & 7:
            return f"at byte {position} there is no field of an ONNX model"
        value = _varint(file)
        if value is None:
            return f"the field at byte {position} is cut off"
        if tag & 7 == _LENGTH and file.seek(value, os.SEEK_CUR) > size:
            return f"the field at byte {position} has {value} bytes, more than the file holds: it is truncated"
    return ""


def _varint(file: BinaryIO) -> int | None:
    """The next base-128 number, at most ten bytes long; None at the end of the file or when it is longer."""
    value = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            return None
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    return None
