"""Weight files: their blobs as views of the mapped file.

Layout (little-endian): a header of 64 bytes (uint32 number of blobs, uint32 version 2); for each blob 64 bytes of
metadata (uint32 0xDEADBEEF, uint32 element type, uint64 size in bytes, uint64 offset of the data in the file, uint64
bits of padding at the end of the data) and the data, both at multiples of 64 bytes. A program names a blob by the
offset of its metadata.
"""

import mmap
import struct
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portproof.runtimes.coreml.faults import external, shown
from portproof.runtimes.coreml.packed import BITS, packed_bytes, unpack

ALIGNMENT = 64
VERSION = 2
SENTINEL = 0xDEADBEEF
HEADER = struct.Struct("<II56x")
METADATA = struct.Struct("<IIQQQ32x")
DTYPE_NUMBERS = {
    "float16": 1,
    "float32": 2,
    "uint8": 3,
    "int8": 4,
    "int16": 6,
    "uint16": 7,
    "int4": 8,
    "uint1": 9,
    "uint2": 10,
    "uint4": 11,
    "uint3": 12,
    "uint6": 13,
    "int32": 14,
    "uint32": 15,
}
"""The numbers of the element types in a blob's metadata (as coremltools writes them); they are not those of MIL."""

_PREFIX = "@model_path/"
_COPY = "copy the package with what its links lead to: cp -rL"


class WeightFile:
    """One mapped file.

    Raises:
        FaultError: ``E-MODEL-EXTERNAL`` where it is not a weight file.
    """

    def __init__(self, path: Path) -> None:
        self._name = path.name
        self._data = _mapped(path)
        self._unpacked: dict[tuple[int, str], NDArray[Any]] = {}
        self._budget = len(self._data)

    def blob(self, offset: int, dtype: str, count: int) -> "NDArray[Any]":
        """The elements of the blob whose metadata stands at `offset`: rank 1, not writable.

        Args:
            offset: in bytes.
            dtype: what the program says it is.
            count: how many elements the program says there are.

        Raises:
            FaultError: ``E-MODEL-EXTERNAL`` where the file says otherwise, or is too short.
        """
        start, size, padding = self._extent(offset, dtype)
        needed = packed_bytes(dtype, count) if dtype in BITS else count * np.dtype(dtype).itemsize
        if size != needed:
            raise external(f"the blob at byte {offset} of {self._name} has {size} bytes; the tensor needs {needed}")
        if dtype in BITS and padding != size * 8 - count * BITS[dtype]:
            raise external(f"the blob at byte {offset} of {self._name} has {padding} bits of padding")
        data = self._data[start : start + size]
        return self._of_bits(start, data, dtype, count) if dtype in BITS else data.view(np.dtype(dtype))

    def _extent(self, offset: int, dtype: str) -> tuple[int, int, int]:
        """Where the data is, its size in bytes, and the padding in bits (which older files leave undefined)."""
        self._check_place(offset, METADATA.size, f"the metadata at byte {offset}")
        sentinel, number, size, start, padding = METADATA.unpack(self._data[offset : offset + METADATA.size].tobytes())
        if sentinel != SENTINEL:
            raise external(f"no blob begins at byte {offset} of {self._name}")
        if number != DTYPE_NUMBERS.get(dtype):
            raise external(f"the blob at byte {offset} of {self._name} has element type {number}, not {dtype}'s")
        self._check_place(start, size, f"the data of the blob at byte {offset}")
        return start, size, padding

    def _check_place(self, start: int, size: int, what: str) -> None:
        if start % ALIGNMENT:
            raise external(f"{what} of {self._name} begins at byte {start}, which is no multiple of {ALIGNMENT}")
        if start < HEADER.size or start + size > len(self._data):
            raise external(f"{what} of {self._name} is said to be bytes {start} to {start + size} of {len(self._data)}")

    def _of_bits(self, start: int, data: "NDArray[np.uint8]", dtype: str, count: int) -> "NDArray[Any]":
        """Unpacked once for all who read it; overlapping blobs, which multiply what is unpacked, are refused."""
        key = (start, f"{count} {dtype}")
        if key not in self._unpacked:
            self._budget -= len(data)
            if self._budget < 0:
                raise external(f"the blobs of {self._name} overlap")
            values = unpack(data, dtype, count)
            values.flags.writeable = False
            self._unpacked[key] = values
        return self._unpacked[key]


def _mapped(path: Path) -> "NDArray[np.uint8]":
    try:
        with path.open("rb") as stream:
            _check_header(stream.read(HEADER.size), path.name)
            return np.frombuffer(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)
    except OSError as error:
        raise external(f"{path.name} cannot be opened ({error.strerror})") from error


def _check_header(head: bytes, name: str) -> None:
    if len(head) < HEADER.size:
        raise external(f"{name} has {len(head)} bytes; its header alone has {HEADER.size}")
    version = HEADER.unpack(head)[1]
    if version != VERSION:
        raise external(f"{name} is of version {version}; ML Programs have version {VERSION}")


class Weights:
    """The weight files that a program may read.

    Args:
        package: what no file may lie outside of.
        model_folder: of the model file; ``@model_path`` in names stands for it.
    """

    def __init__(self, package: Path, model_folder: Path) -> None:
        self._package = package.resolve()
        self._folder = model_folder
        self._files: dict[str, WeightFile] = {}

    def blob(self, name: str, offset: int, dtype: str, count: int) -> "NDArray[Any]":
        """As `WeightFile.blob`, of the file that the program calls `name`."""
        if name not in self._files:
            self._files[name] = WeightFile(self._path(name))
        return self._files[name].blob(offset, dtype, count)

    def _path(self, name: str) -> Path:
        parts = PurePosixPath(name.removeprefix(_PREFIX)).parts
        if not name.startswith(_PREFIX) or not parts or ".." in parts or parts[0] == "/" or "\0" in name:
            raise external(f"the weight file {shown(name)} is not named as one beside the model ({_PREFIX}...)")
        return inside(self._folder.joinpath(*parts), self._package, f"the weight file {shown(name)}")


def inside(path: Path, package: Path, what: str) -> Path:
    """The file behind `path`, followed through links.

    Args:
        path: of the file.
        package: the folder, resolved, that it has to lie in.
        what: what messages call it.

    Raises:
        FaultError: ``E-MODEL-EXTERNAL`` where there is no such file, or it lies elsewhere.
    """
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise external(f"{what} is not there") from error
    if not real.is_relative_to(package):
        raise external(f"{what} leads out of the package", hint=_COPY)
    if not real.is_file():
        raise external(f"{what} is not a file")
    return real
