"""How near a quantized model's outputs are to the float model's, over samples, output by output."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from portproof.calibration.samples import Inputs

#: SQNR, in dB, that stands for no error at all.
BEST_DB = 200.0


@dataclass(kw_only=True)
class Noise:
    """Energies of signal and error, summed sample by sample."""

    signal: float = 0.0
    error: float = 0.0

    def add(self, reference: np.ndarray[Any, Any], candidate: np.ndarray[Any, Any]) -> None:
        """One more sample of float tensors of one shape."""
        wide = reference.astype(np.float64).reshape(-1)
        error = candidate.astype(np.float64).reshape(-1) - wide
        self.signal += float(wide @ wide)
        self.error += float(error @ error)

    @property
    def sqnr_db(self) -> float:
        """10 log10(signal / error), in dB; 200 where there is no error, -200 where there is no signal."""
        if self.error == 0.0:
            return BEST_DB
        if not math.isfinite(self.error) or self.signal == 0.0:
            return -BEST_DB
        return min(10.0 * math.log10(self.signal / self.error), BEST_DB)


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """Of a quantized model on samples.

    Attributes:
        outputs: SQNR in dB of each float output, by name.
        samples: how many were compared.
    """

    outputs: Mapping[str, float] = field(default_factory=dict)
    samples: int = 0

    @property
    def sqnr_db(self) -> float:
        """Of the worst output; what gates look at."""
        return min(self.outputs.values(), default=BEST_DB)

    @property
    def mean_db(self) -> float:
        """Mean over the outputs: what tells whether a change helps all in all."""
        return sum(self.outputs.values()) / max(1, len(self.outputs))

    def as_dict(self) -> dict[str, Any]:
        """JSON-able data."""
        rounded = {name: round(value, 3) for name, value in self.outputs.items()}
        return {"sqnr_db": rounded, "samples": self.samples}


def compare(reference: Iterable[Inputs], candidate: Iterable[Inputs]) -> Accuracy:
    """The accuracy of `candidate`, outputs of sample after sample, against `reference`.

    Outputs of whole numbers are left out.
    """
    noise: dict[str, Noise] = {}
    count = 0
    for wanted, found in zip(reference, candidate, strict=True):
        count += 1
        for name, array in wanted.items():
            if array.dtype.kind == "f":
                noise.setdefault(name, Noise()).add(array, found[name])
    return Accuracy(outputs={name: each.sqnr_db for name, each in noise.items()}, samples=count)
