"""Silent failures: outputs that are zero, constant, not numbers or saturated where the reference's are not."""

import hashlib
from dataclasses import dataclass

import numpy as np

from portproof.device_profiles.errors import Message
from portproof.runtimes.spec import Array

_GRID_BITS = 8
# A share of elements at one end of the range that is this large, and this much larger than the reference's.
_SATURATED_SHARE = 0.5
_SATURATED_EXCESS = 2.0


@dataclass(kw_only=True)
class _End:
    """How many elements sit at one end of the range seen so far."""

    sign: int
    value: float = -np.inf
    count: int = 0

    def add(self, values: Array) -> None:
        end = float((values * self.sign).max())
        if end > self.value:
            self.value, self.count = end, 0
        if end == self.value:
            self.count += int(np.count_nonzero(values * self.sign == end))


class Vitals:
    """What is kept of one side's output over the samples; memory does not grow."""

    def __init__(self) -> None:
        self.samples = self.elements = self.bad = 0
        self.zero = True
        self.flat = True
        self._ends = (_End(sign=1), _End(sign=-1))
        self._first = b""
        self._largest = 0.0
        self.same = True

    def add(self, array: Array) -> None:
        """Add one sample's output."""
        digest = hashlib.sha256(np.ascontiguousarray(array).tobytes()).digest()
        self._first = self._first or digest
        self.same = self.same and digest == self._first
        values = array.astype(np.float64) if array.dtype.kind != "c" else np.abs(array)
        finite = values[np.isfinite(values)]
        self.samples += 1
        self.elements += values.size
        self.bad += values.size - finite.size
        self.zero = self.zero and finite.size == values.size and not finite.any()
        if finite.size:
            self.flat = self.flat and finite.size == values.size > 1 and finite.max() == finite.min()
            for end in self._ends:
                end.add(self._coarse(finite))

    def _coarse(self, values: Array) -> Array:
        """Values on a grid of 1/256 of the largest so far: what formats of few digits round together anyway.

        A probability of 0.9999 is 1 in float16; neither is saturated because of that.
        """
        self._largest = max(self._largest, float(np.abs(values).max()))
        if not self._largest:
            return values
        step = 2.0 ** (np.ceil(np.log2(self._largest)) - _GRID_BITS)
        return np.asarray(np.round(values / step) * step)

    @property
    def saturated(self) -> float:
        """The share of elements at that end of the range where more of them are."""
        return max(end.count for end in self._ends) / max(self.elements, 1)

    @property
    def constant(self) -> bool:
        """Whether every sample gave the same output (of two at least)."""
        return self.samples > 1 and self.same


def findings(name: str, reference: Vitals, candidate: Vitals, where: str) -> list[Message]:
    """The silent failures of one output, none of which the reference shows as well; at most one a kind.

    ``W-NAN``; ``W-SILENT-ZERO``; ``W-CONSTANT`` when all samples give the same output, or an output holds one
    value only; ``W-SATURATED`` when at least half of the elements sit at one end of the range, twice as many
    as the reference's.
    """
    found = []
    if candidate.bad and not reference.bad:
        found.append(_message("W-NAN", name, f"holds {candidate.bad} NaN or infinite elements", where))
    if candidate.zero and not reference.zero:
        return [*found, _message("W-SILENT-ZERO", name, "is all zeros", where)]
    if candidate.constant and not reference.constant:
        what = f"is the same for all {candidate.samples} inputs"
        found.append(_message("W-CONSTANT", name, what, where))
    elif candidate.flat and candidate.elements > candidate.samples and not reference.flat:
        found.append(_message("W-CONSTANT", name, "holds one value only", where))
    elif _saturated(reference, candidate):
        share = f"{candidate.saturated:.0%} of its elements at the end of its range"
        found.append(_message("W-SATURATED", name, f"has {share}", where))
    return found


def of_reference(name: str, reference: Vitals) -> list[Message]:
    """``W-REFERENCE`` where the reference itself is such that agreeing with it says little."""
    if reference.bad:
        what = f"holds {reference.bad} NaN or infinite elements"
    elif reference.elements and reference.zero:
        what = "is all zeros"
    elif reference.elements and reference.constant:
        what = f"is the same for all {reference.samples} inputs"
    else:
        return []
    return [
        Message(
            code="W-REFERENCE",
            what=f"output {name!r} of the model itself {what}",
            why="a file that agrees with it shows nothing of the operators before it",
            hint="as it should be of a constant (anchors); else look at the weights, or give data that the model knows",
            details={"output": name},
        )
    ]


def _saturated(reference: Vitals, candidate: Vitals) -> bool:
    share = candidate.saturated
    return share >= _SATURATED_SHARE and share >= _SATURATED_EXCESS * reference.saturated


def _message(code: str, name: str, what: str, where: str) -> Message:
    return Message(
        code=code,
        what=f"output {name!r} {what}",
        where=where,
        why="the reference's is not, on the same inputs",
        hint="if `portproof.runtimes.open(path, kernels='reference')` is right, a kernel of the runtime is wrong",
        details={"output": name},
    )
