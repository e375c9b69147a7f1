"""Runs a float32 package as if some of its operators were in float16, and says what that changes."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from portproof.runtimes.options import RunOptions
from portproof.runtimes.parity import run_in_source_layout
from portproof.runtimes.spec import Array

if TYPE_CHECKING:
    from portproof.runtimes.coreml.program import Operation

LEAST = 0.01
"""A sample's largest number counts as so much at least of that of all samples."""

Samples = list[dict[str, Array]]


@dataclass(kw_only=True)
class Trial:
    """A float32 package, what it is tried on, and what is known by now.

    Attributes:
        package: written in float32.
        inputs: by the source's names.
        reference: what the package gives for them in float32.
        errors: of the choices tried on all inputs, each operator that stayed in float32 by name.
    """

    package: Path
    inputs: Samples
    reference: Samples
    errors: dict[frozenset[str], list[float]] = field(default_factory=dict)
    _failed: dict[frozenset[str], float] = field(default_factory=dict)
    _hardest: list[int] = field(default_factory=list)
    _scales: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._scales = scales(self.reference)

    def error(self, keep: Collection[str]) -> float:
        """The largest of any input, with everything in float16 but `keep`."""
        return max(self._all(frozenset(keep)), default=0.0)

    def within(self, keep: Collection[str], bound: float) -> bool:
        """Whether `error` is at most `bound`: tries first the inputs that were hardest before, stops at a failure."""
        key = frozenset(keep)
        if key in self.errors:
            return self.error(key) <= bound
        if self._failed.get(key, 0.0) > bound:
            return False
        errors = dict.fromkeys(range(len(self.inputs)), 0.0)
        for at in self._order():
            errors[at] = self._one(at, lambda operation: operation.name not in key)
            if errors[at] > bound:
                self._failed[key] = errors[at]
                self._hardest = [at, *(other for other in self._hardest if other != at)]
                return False
        self.errors[key] = list(errors.values())
        return True

    def felt(self, names: Collection[str]) -> float:
        """What these operators alone change on the input that failed last."""
        return self._one(self._order()[0], lambda operation: operation.name in names)

    def on_hardest(self, keep: Collection[str]) -> float:
        """As `error`, on the input that failed last."""
        return self._one(self._order()[0], lambda operation: operation.name not in keep)

    def add(self, inputs: Samples, reference: Samples) -> None:
        """Further inputs to be tried on: what was known of choices holds no more."""
        self.inputs, self.reference = [*self.inputs, *inputs], [*self.reference, *reference]
        self._scales = scales(self.reference)
        self.errors.clear()

    def _all(self, key: frozenset[str]) -> list[float]:
        if key not in self.errors:
            got = run(self.package, self.inputs, simulate=lambda operation: operation.name not in key)
            self.errors[key] = differences(self.reference, got)
        return self.errors[key]

    def _order(self) -> list[int]:
        first = self._hardest or list(np.argsort(self._all(frozenset()))[::-1].tolist())
        return [*first, *(at for at in range(len(self.inputs)) if at not in first)]

    def _one(self, at: int, simulate: "Callable[[Operation], bool]") -> float:
        got = run(self.package, self.inputs[at : at + 1], simulate=simulate)
        return differences(self.reference[at : at + 1], got, self._scales)[0]


def run(
    package: Path,
    inputs: Samples,
    *,
    observe: object = None,
    simulate: "Callable[[Operation], bool] | None" = None,
) -> Samples:
    """What a package gives, in the source's layout.

    Args:
        package: written in float32.
        inputs: by the source's names.
        observe: is shown every operator as it runs.
        simulate: which operators to compute as if in float16.
    """
    from portproof.runtimes.coreml.runner import CoreMLRunner

    with CoreMLRunner(package, RunOptions(precision="strict"), observe=observe, simulate=simulate) as runner:
        return [run_in_source_layout(runner, sample) for sample in inputs]


def difference(reference: Samples, got: Samples) -> float:
    """The largest of `differences`."""
    return max(differences(reference, got), default=0.0)


def scales(reference: Samples) -> dict[str, float]:
    """The largest finite number of each output over all samples."""
    return {name: max(_scale(want[name]) for want in reference) for name in (reference[0] if reference else ())}


def differences(reference: Samples, got: Samples, largest: dict[str, float] | None = None) -> list[float]:
    """For each sample the largest difference of any output, relative to its largest number in that sample.

    A sample's largest number counts as a hundredth at least of that of all samples (`largest`): nothing much is to be
    told from one whose output is next to nothing. Where only one side has a number the difference is infinite.
    """
    least = {name: LEAST * scale or 1.0 for name, scale in (largest or scales(reference)).items()}
    return [
        max((_largest(want[name], have[name]) / max(_scale(want[name]), least[name]) for name in want), default=0.0)
        for want, have in zip(reference, got, strict=True)
    ]


def _scale(values: Array) -> float:
    finite = values[np.isfinite(values)]
    return float(np.abs(finite.astype(np.float64)).max(initial=0.0))


def _largest(want: Array, have: Array) -> float:
    if want.shape != have.shape:
        return np.inf
    want, have = want.astype(np.float64), have.astype(np.float64)
    equal = (want == have) | (np.isnan(want) & np.isnan(have))
    with np.errstate(invalid="ignore"):
        error = np.where(equal, 0.0, np.abs(want - have))
    return float(np.nan_to_num(error, nan=np.inf, posinf=np.inf).max(initial=0.0))
