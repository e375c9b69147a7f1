"""Finds the operators that float16 would break, from real inputs: the smallest set that has to stay in float32.

The float32 package is run in the emulator. What leaves float16's range stays in float32; then, while the outputs
differ by more than `BOUND`, the operators that lose most by themselves join, fewest first. Any choice is judged by
running the whole program as it would be with that choice.
"""

import functools
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from portproof.runtimes.options import RunOptions
from portproof.runtimes.parity import run_in_source_layout
from portproof.runtimes.spec import Array

if TYPE_CHECKING:
    from portproof.runtimes.coreml.program import Operation
    from portproof.runtimes.coreml.survey import Observed

BOUND = 5e-3
"""How far outputs of a float16 package may be from those in float32, relative to the largest: see `difference`."""
AIM = 0.8
"""Of that, so much is used up on the inputs it is tried on: others come out worse."""
_LEAST = 0.1
LOSSY = 2.0**-10
"""An operator that loses less than one step of float16 by itself cannot be what is wrong."""

_MOVES = frozenset(
    {
        "concat",
        "expand_dims",
        "gather",
        "reshape",
        "slice_by_index",
        "slice_by_size",
        "split",
        "squeeze",
        "stack",
        "tile",
    }
) | {"transpose"}

Samples = list[dict[str, Array]]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What is to stay in float32.

    Attributes:
        keep: names of operators, with the reason of each.
        error: of the program with that choice, relative to the largest of the worst output; infinite for no number.
        observed: what was seen of every operator, by name.
    """

    keep: Mapping[str, str]
    error: float
    observed: Mapping[str, "Observed"] = field(default_factory=dict)


def choose(package: Path, samples: Iterable[Mapping[str, Array]], *, bound: float = BOUND) -> Choice:
    """The operators of a float32 package that a float16 one has to keep in float32.

    Args:
        package: written in float32.
        samples: real inputs, by the source's names.
        bound: see `BOUND`.

    Raises:
        PortproofError: ``E-RUN`` and the like where the package does not run.
    """
    from portproof.runtimes.coreml.survey import Survey

    survey, inputs = Survey(), [dict(sample) for sample in samples]
    trial = _Trial(package=package, inputs=inputs, reference=_run(package, inputs, observe=survey))
    observed = survey.operators
    keep = _beyond_range(observed, trial, bound)
    if trial.error(keep) > AIM * bound:
        lossy = keep | _lossiest(observed, keep, trial, AIM * bound)
        keep = lossy if trial.error(lossy) <= AIM * bound else lossy | _most_felt(observed, lossy, trial, AIM * bound)
    return Choice(
        keep={name: _why(observed[name], trial.felt.get(name)) for name in observed if name in keep},
        error=trial.error(keep),
        observed=observed,
    )


@dataclass(kw_only=True)
class _Trial:
    package: Path
    inputs: Samples
    reference: Samples
    known: dict[frozenset[str], float] = field(default_factory=dict)
    felt: dict[str, float] = field(default_factory=dict)

    def error(self, keep: Collection[str]) -> float:
        """Of the program in float16, but for `keep`."""
        key = frozenset(keep)
        if key not in self.known:
            got = _run(self.package, self.inputs, simulate=lambda operation: operation.name not in key)
            self.known[key] = difference(self.reference, got)
        return self.known[key]

    def alone(self, name: str) -> float:
        """Of the program with that one operator in float16, on the sample that loses most; remembered in `felt`."""
        at = self.worst
        got = _run(self.package, self.inputs[at : at + 1], simulate=lambda operation: operation.name == name)
        self.felt[name] = difference(self.reference[at : at + 1], got)
        return self.felt[name]

    @functools.cached_property
    def worst(self) -> int:
        """The sample whose outputs differ most where everything is in float16."""
        got = _run(self.package, self.inputs, simulate=lambda _operation: True)
        pairs = zip(self.reference, got, strict=True)
        return int(np.argmax([difference([want], [have]) for want, have in pairs]))


def _run(
    package: Path,
    inputs: Samples,
    *,
    observe: object = None,
    simulate: "Callable[[Operation], bool] | None" = None,
) -> Samples:
    from portproof.runtimes.coreml.runner import CoreMLRunner

    with CoreMLRunner(package, RunOptions(precision="strict"), observe=observe, simulate=simulate) as runner:
        return [run_in_source_layout(runner, sample) for sample in inputs]


def difference(reference: Samples, got: Samples) -> float:
    """The largest difference of any output in any sample, relative to the largest number of the output in that sample.

    A sample's largest number counts as a tenth at least of that of all samples: nothing much is to be told from one
    whose output is next to nothing. Where only one side has a number the difference is infinite.
    """
    worst = 0.0
    for name in reference[0] if reference else ():
        pairs = [
            (want[name].astype(np.float64), have[name].astype(np.float64))
            for want, have in zip(reference, got, strict=True)
        ]
        scales = [float(np.abs(want[np.isfinite(want)]).max(initial=0.0)) for want, _ in pairs]
        least = _LEAST * max(scales, default=0.0) or 1.0
        worst = max([worst, *(_largest(*pair) / max(scale, least) for pair, scale in zip(pairs, scales, strict=True))])
    return worst


def _largest(want: np.ndarray, have: np.ndarray) -> float:
    if want.shape != have.shape:
        return np.inf
    equal = (want == have) | (np.isnan(want) & np.isnan(have))
    with np.errstate(invalid="ignore"):
        error = np.where(equal, 0.0, np.abs(want - have))
    return float(np.nan_to_num(error, nan=np.inf, posinf=np.inf).max(initial=0.0))


def _beyond_range(observed: Mapping[str, "Observed"], trial: _Trial, bound: float) -> set[str]:
    """What leaves the range; where only masks do, going to minus infinity, only if the outputs suffer."""
    over = {name for name, seen in observed.items() if seen.overflows}
    under = {name for name, seen in observed.items() if seen.underflows}
    return over | under if under and trial.error(over) > bound else over


def _lossiest(observed: Mapping[str, "Observed"], keep: set[str], trial: _Trial, bound: float) -> set[str]:
    """The fewest of those that lose most by themselves, so that the outputs are within `bound`.

    What loses digits by itself does so because of how its arguments are rounded: the operators that make these join it.
    Where even all of them do not suffice: all of them, if that helps by half, else none.
    """
    ranked = sorted((seen for seen in observed.values() if seen.name not in keep), key=lambda seen: -seen.error)
    groups = [{seen.name, *_makers(seen, observed)} for seen in ranked if seen.error > LOSSY]

    def first(size: int) -> set[str]:
        return set().union(*groups[:size])

    count = _first(len(groups), lambda size: trial.error(keep | first(size)) <= bound)
    if count is None:
        everything = first(len(groups))
        helps = trial.error(keep | everything) <= trial.error(keep) / 2
        return everything if helps else set()
    return first(count)


def _most_felt(observed: Mapping[str, "Observed"], keep: set[str], trial: _Trial, bound: float) -> set[str]:
    """The fewest whose rounding the outputs feel most, to bring them within `bound`; none if that takes most of all.

    Where no operator loses much, but one behind the other they do: a deep network that amplifies what its first layers
    lose. Each is tried by itself, from front to back.
    """
    computing = [name for name, seen in observed.items() if name not in keep and seen.type not in _MOVES]
    ranked = sorted(computing, key=lambda name: -trial.alone(name))

    def first(size: int) -> set[str]:
        """With what moves their arguments, which would round them."""
        moved = (_makers(observed[name], observed) for name in ranked[:size])
        return {*ranked[:size], *(name for names in moved for name in names if observed[name].type in _MOVES)}

    count = _first(len(ranked) // 2, lambda size: trial.error(keep | first(size)) <= bound)
    return set() if count is None else first(count)


def _makers(seen: "Observed", observed: Mapping[str, "Observed"]) -> set[str]:
    """The operators that make what it reads; those that only move data count with what they move."""
    found: set[str] = set()
    left = [name for name in seen.sources if name in observed]
    while left:
        name = left.pop()
        if name not in found and observed[name].type in _MOVES:
            left += [source for source in observed[name].sources if source in observed]
        found.add(name)
    return found


def _first(most: int, holds: Callable[[int], bool]) -> int | None:
    """The least number up to `most` that holds, found by doubling and halving; None when `most` does not."""
    low, high = 0, 1
    while high < most and not holds(high):
        low, high = high, high * 2
    high = min(high, most)
    if not most or not holds(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _why(seen: "Observed", felt: float | None) -> str:
    from portproof.runtimes.coreml.survey import LARGEST

    if max(seen.high, -seen.low) > LARGEST:
        return f"its values go from {seen.low:.3g} to {seen.high:.3g}, float16 holds up to 65504"
    if seen.largest_sum > LARGEST:
        return f"it may sum up to {seen.largest_sum:.3g} on the way, float16 holds up to 65504"
    if felt is not None:
        return f"float16 in it alone changes an output by {felt:.2g} of the largest, and such changes add up"
    return f"float16 alone changes its result by {seen.error:.2g} of the largest"
