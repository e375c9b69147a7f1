"""Elements narrower than a byte: how many bytes they take, and how they come apart.

Elements follow each other bit by bit, the least significant bit of a byte first, without regard to byte boundaries;
what is left of the last byte is padding (observed on files that coremltools wrote for int4, uint1, uint2, uint3, uint4
and uint6).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

BITS = {"int4": 4, "uint1": 1, "uint2": 2, "uint3": 3, "uint4": 4, "uint6": 6}

_ONCE = 1 << 20
"""Elements unpacked at a time; a multiple of eight, so that every chunk begins at a byte."""


def packed_bytes(dtype: str, count: int) -> int:
    """Bytes that `count` elements take."""
    return (count * BITS[dtype] + 7) // 8


def unpack(data: "NDArray[np.uint8]", dtype: str, count: int) -> "NDArray[Any]":
    """The elements of `packed_bytes` bytes, one a byte: int8 for int4, uint8 for the others.

    Args:
        data: rank 1.
        dtype: a key of `BITS`.
        count: of elements.
    """
    values = np.empty(count, np.uint8)
    for start in range(0, count, _ONCE):
        _unpack_some(data[start * BITS[dtype] // 8 :], dtype, values[start : start + _ONCE])
    return _signed(values) if dtype == "int4" else values


def _unpack_some(data: "NDArray[np.uint8]", dtype: str, out: "NDArray[np.uint8]") -> None:
    bits, count = BITS[dtype], len(out)
    single = np.unpackbits(data[: packed_bytes(dtype, count)], count=count * bits, bitorder="little")
    places = single.reshape(count, bits) << np.arange(bits, dtype=np.uint8)
    np.sum(places, axis=1, dtype=np.uint8, out=out)


def _signed(values: "NDArray[np.uint8]") -> "NDArray[np.int8]":
    """Two's complement of four bits."""
    return (values.view(np.int8) ^ np.int8(8)) - np.int8(8)
