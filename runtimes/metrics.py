"""How far a candidate's output is from the reference's, accumulated over samples without keeping any of them."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portproof.runtimes.spec import Array
from portproof.runtimes.tolerances import Tolerance

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class OutputParity:
    """The comparison of one output over all samples.

    The sums run over the elements that are finite on both sides; one that is NaN or infinite on both sides
    alike agrees, on one side only it is counted in `non_finite` and fails.

    Attributes:
        name: of the output, as the source names it.
        samples: number of samples compared.
        max_abs: largest ``|candidate - reference|``.
        mean_abs: mean of it over all elements.
        relative_l2: ``||candidate - reference|| / ||reference||``.
        cosine: of the angle between the two, over all samples; 1 when both are zero.
        sqnr_db: ``10 log10(sum reference^2 / sum (candidate - reference)^2)``; infinite when they are equal.
        top1: share of rows whose largest element is in the same place, or None when it is no classifier.
        non_finite: elements that are NaN or infinite on one side, and not the same on the other.
        beyond: elements beyond the tolerance, `non_finite` included.
        elements: elements compared.
        worst: sample number and index of the largest error, or None when there is none.
        reference_max: largest finite ``|reference|``.
        tolerance: what was allowed.
    """

    name: str
    samples: int
    max_abs: float
    mean_abs: float
    relative_l2: float
    cosine: float
    sqnr_db: float
    top1: float | None
    non_finite: int
    beyond: int
    elements: int
    worst: tuple[int, tuple[int, ...]] | None
    reference_max: float
    tolerance: Tolerance

    @property
    def passed(self) -> bool:
        """Whether every element is within its tolerance."""
        return self.beyond == 0

    def as_dict(self) -> dict[str, Any]:
        """JSON-able data; infinity and NaN are the strings ``"inf"``, ``"-inf"``, ``"nan"``."""
        data = {key: json_number(value) for key, value in vars(self).items() if key not in ("worst", "tolerance")}
        worst = None if self.worst is None else {"sample": self.worst[0], "index": list(self.worst[1])}
        return {**data, "passed": self.passed, "worst": worst, "tolerance": self.tolerance.as_dict()}


METRICS = ("max_abs", "mean_abs", "relative_l2", "cosine", "sqnr_db", "top1")


class Accumulator:
    """Adds up one output's comparison sample by sample; memory does not grow."""

    def __init__(self, name: str, tolerance: Tolerance, *, classifier: bool | None = None) -> None:
        """`classifier`: whether top-1 is counted; None for the rule of `is_classifier`."""
        self._name, self._tolerance, self._classifier = name, tolerance, classifier
        self._samples = self._elements = self._beyond = self._non_finite = 0
        self._abs = self._error2 = self._reference2 = self._candidate2 = self._dot = 0.0
        self._max, self._reference_max = 0.0, 0.0
        self._worst: tuple[int, tuple[int, ...]] | None = None
        self._rows = self._agreeing = 0

    def add(self, reference: Array, candidate: Array) -> None:
        """Add one sample: two arrays of the same shape, in the same layout."""
        if self._classifier if self._classifier is not None else is_classifier(reference):
            self._top1(reference, candidate)
        left, right = as_floats(reference), as_floats(candidate)
        finite = np.isfinite(left) & np.isfinite(right)
        same = ~finite & ((left == right) | (np.isnan(left) & np.isnan(right)))
        lost = int(left.size - np.count_nonzero(finite) - np.count_nonzero(same))
        left, right = np.where(finite, left, 0.0), np.where(finite, right, 0.0)
        error = np.abs(right - left)
        self._sums(left, right, error)
        self._extremes(left, error)
        self._beyond += lost + int(np.count_nonzero(error > self._tolerance.allowed(left)))
        self._non_finite += lost
        self._elements += left.size
        self._samples += 1

    def result(self) -> OutputParity:
        """The comparison so far."""
        return OutputParity(
            name=self._name,
            samples=self._samples,
            max_abs=self._max,
            mean_abs=self._abs / max(self._elements, 1),
            relative_l2=_ratio(math.sqrt(self._error2), math.sqrt(self._reference2)),
            cosine=_cosine(self._dot, self._reference2, self._candidate2),
            sqnr_db=_decibels(self._reference2, self._error2),
            top1=self._agreeing / self._rows if self._rows else None,
            non_finite=self._non_finite,
            beyond=self._beyond,
            elements=self._elements,
            worst=self._worst,
            reference_max=self._reference_max,
            tolerance=self._tolerance,
        )

    def _sums(self, left: Floats, right: Floats, error: Floats) -> None:
        self._abs += float(error.sum())
        self._error2 += float(np.vdot(error, error))
        self._reference2 += float(np.vdot(left, left))
        self._candidate2 += float(np.vdot(right, right))
        self._dot += float(np.vdot(left, right))

    def _extremes(self, left: Floats, error: Floats) -> None:
        if not left.size:
            return
        self._reference_max = max(self._reference_max, float(np.abs(left).max()))
        place = int(error.argmax())
        if error.flat[place] > self._max:
            self._max = float(error.flat[place])
            index = np.unravel_index(place, error.shape)
            self._worst = (self._samples, tuple(int(axis) for axis in index))

    def _top1(self, reference: Array, candidate: Array) -> None:
        rows = reference.reshape(-1, reference.shape[-1])
        agreeing = rows.argmax(-1) == candidate.reshape(rows.shape).argmax(-1)
        self._rows += len(rows)
        self._agreeing += int(np.count_nonzero(agreeing))


def is_classifier(array: Array) -> bool:
    """The rule for top-1: a float output of shape [N, C] with C at least 2 is taken for class scores."""
    return array.ndim == 2 and array.shape[1] >= 2 and array.dtype.kind == "f"


def as_floats(array: Array) -> Floats:
    """Any numeric array as float64; a complex one with real and imaginary part along a last axis."""
    if array.dtype.kind == "c":
        return np.stack([array.real, array.imag], -1).astype(np.float64)
    return array.astype(np.float64)


def json_number(value: Any) -> Any:
    """A float that JSON has no number for as a string; anything else unchanged."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _ratio(part: float, whole: float) -> float:
    if whole:
        return part / whole
    return math.inf if part else 0.0


def _cosine(dot: float, left2: float, right2: float) -> float:
    if left2 and right2:
        return dot / (math.sqrt(left2) * math.sqrt(right2))
    return 1.0 if left2 == right2 else 0.0


def _decibels(signal2: float, noise2: float) -> float:
    if not noise2:
        return math.inf
    return 10 * math.log10(signal2 / noise2) if signal2 else -math.inf
