"""The constants of a file: equal ones are stored once."""

import hashlib

import numpy as np

from portproof.exporter.tflite.values import Array, bytes_of
from portproof.exporter.tflite.writer.packing import AlignedBuffer, chunks

_SAMPLE = 64
_FULL_BYTES = 4096


class Buffers:
    """Hands out buffer numbers; buffer 0 is empty by convention and stands for "computed at run time".

    A digest of every weight would be a sixth of a conversion: large arrays are told apart by a sample of their
    elements, and digested only where that is the same.
    """

    def __init__(self) -> None:
        self.tables = [AlignedBuffer()]
        self._by_sample: dict[tuple[int, bytes], tuple[int, Array]] = {}
        self._by_digest: dict[tuple[int, bytes], int] = {}

    def add(self, array: Array) -> int:
        """The number of a buffer with the bytes of `array`; little-endian, whatever the type and shape."""
        raw = array.astype(array.dtype.newbyteorder("<"), copy=False)
        sample = (raw.nbytes, sample_of(raw))
        if sample not in self._by_sample:
            self._by_sample[sample] = (self._new(raw), raw)
            return len(self.tables) - 1
        first, other = self._by_sample[sample]
        if raw.nbytes <= _FULL_BYTES or raw is other:
            return first
        self._by_digest.setdefault(digest_of(other), first)
        key = digest_of(raw)
        if key not in self._by_digest:
            self._by_digest[key] = self._new(raw)
        return self._by_digest[key]

    def add_bytes(self, data: bytes) -> int:
        """The number of a buffer with `data`."""
        return self.add(np.frombuffer(data, dtype=np.uint8))

    def _new(self, raw: Array) -> int:
        self.tables.append(AlignedBuffer(raw))
        return len(self.tables) - 1


def sample_of(raw: Array) -> bytes:
    """What tells arrays apart at a glance: a small one's bytes, a large one's at both ends and in the middle."""
    if raw.nbytes <= _FULL_BYTES:
        return bytes(bytes_of(raw))
    middle = raw.size // 2
    return b"".join(
        raw.flat[start : start + _SAMPLE].tobytes() for start in (0, middle - _SAMPLE // 2, raw.size - _SAMPLE)
    )


def digest_of(raw: Array) -> tuple[int, bytes]:
    """What equal bytes have in common: their number and digest; views are not copied as a whole."""
    made = hashlib.blake2b(digest_size=16)
    for chunk in chunks(raw):
        made.update(chunk)
    return raw.nbytes, made.digest()
