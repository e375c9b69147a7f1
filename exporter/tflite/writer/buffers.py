"""The constants of a file: equal ones are stored once."""

import hashlib

import numpy as np

from portproof.exporter.tflite.values import Array, bytes_of
from portproof.exporter.tflite.writer.packing import AlignedBuffer


class Buffers:
    """Hands out buffer numbers; buffer 0 is empty by convention and stands for "computed at run time"."""

    def __init__(self) -> None:
        self.tables = [AlignedBuffer()]
        self._known: dict[tuple[int, bytes], int] = {}

    def add(self, array: Array) -> int:
        """The number of a buffer with the bytes of `array`; little-endian, whatever the type and shape."""
        raw = array.astype(array.dtype.newbyteorder("<"), copy=False)
        key = (raw.nbytes, hashlib.blake2b(bytes_of(raw), digest_size=16).digest())
        if key not in self._known:
            self._known[key] = len(self.tables)
            self.tables.append(AlignedBuffer(raw))
        return self._known[key]

    def add_bytes(self, data: bytes) -> int:
        """The number of a buffer with `data`."""
        return self.add(np.frombuffer(data, dtype=np.uint8))
