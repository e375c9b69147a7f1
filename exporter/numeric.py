"""Whether two results of one computation are the same but for rounding; used between steps of the pipeline.

The user's own tolerances, on the files written, are those of `portproof.runtimes.parity`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# The share of an output's largest value that reordered arithmetic may change. Measured on nineteen networks,
# folding and fusing change float32 outputs by at most 5e-6 of it; a wrong graph changes them by more than 1e-2.
# float16 has 10 bits of fraction, bfloat16 7: their limits are some tens of their units in the last place.
_RELATIVE = {"float16": 2e-2, "bfloat16": 1e-1, "float32": 2e-4, "float64": 1e-6}
# Below this share of elements, integers may differ: an arg-max between two equal values, a rounding of x.5.
_INTEGER_SHARE = 1e-3


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How far an array is from its reference.

    Attributes:
        max_abs: the largest absolute difference where both are finite; inf when NaN or infinity do not coincide,
            or the shapes differ.
        limit: the largest that counts as rounding.
        why: what is wrong when a number cannot say it; else "".
        share: the difference to the reference's largest finite magnitude; of integers 0.
    """

    max_abs: float
    limit: float
    why: str = ""
    share: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether rounding explains the difference."""
        return self.max_abs <= self.limit


def difference(reference: NDArray[Any], candidate: NDArray[Any]) -> Difference:
    """Compare two arrays of any shape and dtype.

    Floats: the limit is a share of the reference's largest finite magnitude (2e-4 in float32), since the error of
    a sum grows with its terms, not with its result. Integers and booleans: at most one element in a thousand.
    """
    if reference.shape != candidate.shape:
        return _never(f"its shape is {candidate.shape}, not {reference.shape}")
    if reference.dtype != candidate.dtype:
        return _never(f"its type is {candidate.dtype}, not {reference.dtype}")
    if reference.dtype.kind in "biu":
        return _integers(reference, candidate)
    return _floats(reference, candidate)


def _floats(reference: NDArray[Any], candidate: NDArray[Any]) -> Difference:
    a, b = (x.astype(np.complex128 if x.dtype.kind == "c" else np.float64) for x in (reference, candidate))
    finite = np.isfinite(a)
    if not np.array_equal(a[~finite], b[~finite], equal_nan=True) or not np.isfinite(b[finite]).all():
        return _never("NaN or infinity stand at other places")
    scale = float(np.abs(a[finite]).max(initial=0.0))
    error = float(np.abs(a[finite] - b[finite]).max(initial=0.0))
    allowed, scale = _RELATIVE.get(reference.dtype.name, _RELATIVE["float32"]), max(scale, 1e-3)
    return Difference(max_abs=error, limit=allowed * scale, share=error / scale)


def _integers(reference: NDArray[Any], candidate: NDArray[Any]) -> Difference:
    error = float(np.abs(reference.astype(np.float64) - candidate.astype(np.float64)).max(initial=0.0))
    wrong = int(np.count_nonzero(reference != candidate))
    allowed = wrong <= _INTEGER_SHARE * reference.size
    return Difference(max_abs=error, limit=error if allowed else 0.0, why="" if allowed else f"{wrong} elements differ")


def _never(why: str) -> Difference:
    return Difference(max_abs=float("inf"), limit=0.0, why=why)
