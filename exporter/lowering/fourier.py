"""Discrete Fourier transforms as products with constant matrices, of pairs (real, imaginary) or real numbers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portproof.exporter.lowering.refusal import Refusal

Array = NDArray[Any]
_MOST_BYTES = 64 << 20


@dataclass(frozen=True, kw_only=True)
class Transform:
    """One transform along an axis.

    Attributes:
        size: entries of the input; those from `length` on are cut off, missing ones are zeros.
        length: of the transform.
        parts: 1 for real input, 2 for complex.
        inverse: with the opposite sign, and divided by `length`.
        onesided: only the first half of the frequencies: given by the forward transform, and taken by the inverse,
            whose result is real then.
    """

    size: int
    length: int
    parts: int
    inverse: bool = False
    onesided: bool = False

    @property
    def half(self) -> int:
        """How many frequencies a one-sided spectrum has."""
        return self.length // 2 + 1

    @property
    def out(self) -> tuple[int, int]:
        """Entries and parts of the output."""
        if self.inverse:
            return self.length, 1 if self.onesided else 2
        return self.half if self.onesided else self.length, 2

    def matrix(self) -> Array:
        """What takes the input, flattened, to the output, flattened: float32 [out, out parts, size, parts].

        Computed in float64 from angles reduced to one turn.

        Raises:
            Refusal: the matrix would swell the file.
        """
        count, parts = self.out
        if count * parts * self.size * self.parts * 4 > _MOST_BYTES:
            raise Refusal(f"a transform of length {self.length} is written as a matrix too large", "use shorter frames")
        times, frequencies = np.arange(self.size), np.arange(count)
        turns = np.outer(frequencies, times) % self.length / self.length
        angle = (2 if self.inverse else -2) * np.pi * turns
        weight = self._weights()[None, :]
        real, imaginary = np.cos(angle) * weight, np.sin(angle) * weight
        full = np.array([[real, -imaginary], [imaginary, real]])[:parts, : self.parts]
        return full.transpose(2, 0, 3, 1).astype(np.float32)

    def _weights(self) -> Array:
        """How often each entry of the input counts: [size]."""
        weights = np.zeros(self.size)
        if not (self.inverse and self.onesided):
            weights[: self.length] = 1
        else:
            weights[: self.half] = 2
            weights[0] = 1
            if self.length % 2 == 0:
                weights[self.half - 1 : self.half] = 1
        return weights / self.length if self.inverse else weights
