"""Messages between a runner and its child process: JSON and raw arrays over a socket.

A message is the length of its header (4 bytes, big-endian), the header (JSON), then the bytes of its arrays
one after the other, C order, native byte order. No pickle: reading a message never runs code.
"""

import json
import socket
import struct
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from portproof.runtimes.base import DTYPES
from portproof.runtimes.spec import Array

_LENGTH = struct.Struct(">I")
_HEADER_LIMIT = 16 << 20
_ARRAYS = "_arrays"


class Channel:
    """One end of the socket.

    Every method raises TimeoutError when it does not finish in time, EOFError or OSError when the other end
    is gone.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def send(
        self, header: Mapping[str, Any], arrays: Mapping[str, Array] | None = None, *, timeout_s: float | None = None
    ) -> None:
        """Send one message."""
        deadline = _deadline(timeout_s)
        # reshape: ascontiguousarray makes a scalar one-dimensional.
        flat = {name: np.ascontiguousarray(array).reshape(array.shape) for name, array in (arrays or {}).items()}
        described = [[name, array.dtype.name, list(array.shape)] for name, array in flat.items()]
        text = json.dumps({**header, _ARRAYS: described}).encode()
        self._write(memoryview(_LENGTH.pack(len(text)) + text), deadline)
        for array in flat.values():
            self._write(_bytes(array), deadline)

    def receive(self, *, timeout_s: float | None = None) -> tuple[dict[str, Any], dict[str, Array]]:
        """Receive one message: its header and its arrays."""
        deadline = _deadline(timeout_s)
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size, deadline))
        if length > _HEADER_LIMIT:
            raise OSError(f"a header of {length} bytes")
        header = json.loads(self._read(length, deadline))
        arrays = {}
        for name, dtype, shape in header.pop(_ARRAYS):
            array = _empty(dtype, shape)
            self._fill(_bytes(array), deadline)
            arrays[name] = array
        return header, arrays

    def close(self) -> None:
        """Close this end."""
        self._socket.close()

    def _read(self, size: int, deadline: float | None) -> bytearray:
        data = bytearray(size)
        self._fill(memoryview(data), deadline)
        return data

    def _fill(self, view: memoryview, deadline: float | None) -> None:
        while view.nbytes:
            self._socket.settimeout(_remaining(deadline))
            count = self._socket.recv_into(view)
            if not count:
                raise EOFError("the other end is closed")
            view = view[count:]

    def _write(self, view: memoryview, deadline: float | None) -> None:
        self._socket.settimeout(_remaining(deadline))
        self._socket.sendall(view)


def _empty(dtype: str, shape: list[int]) -> Array:
    if dtype not in DTYPES or any(size < 0 for size in shape):
        raise OSError(f"an array of type {dtype} and shape {shape}")
    return np.empty(shape, dtype)


def _bytes(array: Array) -> memoryview:
    """The memory of a contiguous array as bytes."""
    return array.reshape(-1).view(np.uint8).data


def _deadline(timeout_s: float | None) -> float | None:
    return None if timeout_s is None else time.monotonic() + timeout_s


def _remaining(deadline: float | None) -> float | None:
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
