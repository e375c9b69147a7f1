"""Signal to quantization noise: of whole models, and of each value on the way."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = Mapping[str, NDArray[Any]]
_MOST_NOISE_DB = 120.0  # of outputs that are not finite: finite itself, so that it can be compared


@dataclass(frozen=True, kw_only=True)
class Sqnr:
    """Sums of squares over what was seen of one value.

    Attributes:
        signal: of the float model's values.
        noise: of what the quantized model's differ by.
    """

    signal: float = 0.0
    noise: float = 0.0

    def plus(self, wanted: NDArray[Any], got: NDArray[Any]) -> "Sqnr":
        """With one more array; both of one shape."""
        reference = np.asarray(wanted, np.float64)
        difference = np.asarray(got, np.float64) - reference
        return Sqnr(
            signal=self.signal + float(np.vdot(reference, reference)),
            noise=self.noise + float(np.vdot(difference, difference)),
        )

    @property
    def sqnr_db(self) -> float:
        """10 log10(signal / noise); infinite without noise, minus infinite where nothing but noise is left."""
        if not self.noise:
            return math.inf
        if not self.signal or not math.isfinite(self.noise):
            return -math.inf
        return 10 * math.log10(self.signal / self.noise)


def by_value(wanted: Iterable[Values], got: Iterable[Values]) -> dict[str, Sqnr]:
    """SQNR of each value, by name, over samples that come in one order from both models.

    Args:
        wanted: the float model's values, one mapping a sample.
        got: the quantized model's, dequantized; values that it does not have are left out.

    Returns:
        Sums for every name that both have; only one sample of each is held at a time.
    """
    sums: dict[str, Sqnr] = {}
    for reference, candidate in zip(wanted, got, strict=True):
        for name in reference.keys() & candidate.keys():
            sums[name] = sums.get(name, Sqnr()).plus(reference[name], candidate[name])
    return dict(sorted(sums.items()))


def ratio(sqnr_db: float) -> float:
    """Noise to signal as powers, from SQNR in dB: what adds up when noises are independent; at most 120 dB of noise."""
    return 10 ** (min(-sqnr_db, _MOST_NOISE_DB) / 10)


def decibels(noise_to_signal: float) -> float:
    """SQNR in dB, from noise to signal as powers."""
    return -10 * math.log10(noise_to_signal) if noise_to_signal > 0 else math.inf
