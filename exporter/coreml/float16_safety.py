"""Finds the operators that float16 would break, from real inputs: the smallest set that has to stay in float32.

The float32 package is run in the emulator. What leaves float16's range stays in float32; then, while the outputs
differ by more than `BOUND`, the operators join whose rounding the outputs feel most. Any choice is judged by running
the whole program as it would be with that choice, at last on inputs that it was not made from: the worst of these join
the others where they do not come out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from portproof.exporter.coreml.float16_groups import Group, most_felt, names_of
from portproof.exporter.coreml.float16_trial import Samples, Trial, differences, run, scales
from portproof.runtimes.spec import Array

if TYPE_CHECKING:
    from portproof.runtimes.coreml.survey import Observed, Survey

BOUND = 5e-3
"""How far outputs of a float16 package may be from those in float32, relative to the largest: see `differences`."""
AIM = 0.8
"""Of that, so much is used up on the inputs that a choice is made from: others come out worse."""
ROUNDS = 3
"""How often a choice is made anew because other inputs do not come out."""
WORST = 4
"""How many of these join the ones that the choice is made from."""
FEW = 0.5
"""Of the operators: where more of them would have to stay, little would be left of what float16 is for."""
LOOSER = 2.0
"""So many times the bound has to do then."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What is to stay in float32.

    Attributes:
        keep: names of operators, with the reason of each.
        error: of the program with that choice, relative to the largest of the worst output; infinite for no number.
        observed: what was seen of every operator, by name.
        wanted: how many operators would have to stay for the bound; more than `keep` where these would be too many.
    """

    keep: Mapping[str, str]
    error: float
    observed: Mapping[str, "Observed"] = field(default_factory=dict)
    wanted: int = 0


def choose(
    package: Path,
    samples: Iterable[Mapping[str, Array]],
    *,
    others: Iterable[Mapping[str, Array]] = (),
    bound: float = BOUND,
) -> Choice:
    """The operators of a float32 package that a float16 one has to keep in float32.

    Args:
        package: written in float32.
        samples: real inputs, by the source's names; the choice is made from these.
        others: further ones that it has to hold for.
        bound: see `BOUND`.

    Raises:
        PortproofError: ``E-RUN`` and the like where the package does not run.
    """
    from portproof.runtimes.coreml.survey import Survey

    survey, inputs = Survey(), [dict(sample) for sample in samples]
    trial = Trial(package=package, inputs=inputs, reference=run(package, inputs, observe=survey))
    unseen = _Unseen.of(package, others)
    keep, groups = _hold(survey, trial, unseen, bound)
    wanted = len(keep)
    if len(names_of(groups)) > FEW * len(survey.operators):
        keep, groups = _hold(survey, trial, unseen, LOOSER * bound)
    return Choice(
        keep={name: _why(seen, groups) for name, seen in survey.operators.items() if name in keep},
        error=max(trial.error(keep), unseen.error(trial, keep)),
        observed=survey.operators,
        wanted=wanted,
    )


def _hold(survey: "Survey", trial: Trial, unseen: "_Unseen", bound: float) -> tuple[set[str], list[Group]]:
    """As `_choose`, for a choice that holds for what it was not made from, too."""
    keep, groups = _choose(survey.operators, trial, AIM * bound)
    for _ in range(ROUNDS):
        joined = unseen.join(trial, keep, bound)
        if not joined:
            break
        run(trial.package, joined, observe=survey)
        keep, groups = _choose(survey.operators, trial, AIM * bound)
    return keep, groups


def _choose(observed: Mapping[str, "Observed"], trial: Trial, aim: float) -> tuple[set[str], list[Group]]:
    """What stays in float32 for `Trial.error` to be within `aim`, and the groups among it that the outputs feel."""
    keep = _beyond_range(observed, trial, aim)
    if trial.within(keep, aim):
        return keep, []
    groups = most_felt([name for name in observed if name not in keep], keep, trial, aim)
    return keep | names_of(groups), groups


@dataclass(kw_only=True)
class _Unseen:
    """Inputs that a choice was not made from."""

    package: Path
    inputs: Samples
    reference: Samples
    known: dict[frozenset[str], list[float]] = field(default_factory=dict)

    @classmethod
    def of(cls, package: Path, others: Iterable[Mapping[str, Array]]) -> "_Unseen":
        inputs = [dict(sample) for sample in others]
        return cls(package=package, inputs=inputs, reference=run(package, inputs) if inputs else [])

    def errors(self, trial: Trial, keep: set[str]) -> list[float]:
        """Of each input, relative to its own outputs as `differences` says."""
        key = frozenset(keep)
        if self.inputs and key not in self.known:
            got = run(self.package, self.inputs, simulate=lambda operation: operation.name not in key)
            self.known[key] = differences(self.reference, got, scales([*trial.reference, *self.reference]))
        return self.known.get(key, [])

    def error(self, trial: Trial, keep: set[str]) -> float:
        """The largest of them."""
        return max(self.errors(trial, keep), default=0.0)

    def join(self, trial: Trial, keep: set[str], bound: float) -> Samples:
        """Hands the worst of those beyond the bound over to the trial, and returns them."""
        errors = self.errors(trial, keep)
        beyond = sorted((at for at, error in enumerate(errors) if error > bound), key=lambda at: -errors[at])[:WORST]
        joined = [self.inputs[at] for at in beyond]
        trial.add(joined, [self.reference[at] for at in beyond])
        return joined


def _beyond_range(observed: Mapping[str, "Observed"], trial: Trial, bound: float) -> set[str]:
    """What leaves the range; where only masks do, going to minus infinity, only if the outputs suffer."""
    over = {name for name, seen in observed.items() if seen.overflows}
    under = {name for name, seen in observed.items() if seen.underflows}
    return over | under if under and not trial.within(over, bound) else over


def _why(seen: "Observed", groups: Sequence[Group]) -> str:
    from portproof.runtimes.coreml.survey import LARGEST

    if max(seen.high, -seen.low) > LARGEST:
        return f"its values go from {seen.low:.3g} to {seen.high:.3g}, float16 holds up to 65504"
    if seen.largest_sum > LARGEST:
        return f"it may sum up to {seen.largest_sum:.3g} on the way, float16 holds up to 65504"
    for group in groups:
        if seen.name in group.names:
            return _felt(group)
    return f"float16 alone changes its result by {seen.error:.2g} of the largest"


def _felt(group: Group) -> str:
    beside = len(group.names) - 1
    within = "it" if not beside else f"it and {beside} operator{'s' if beside > 1 else ''} beside it"
    return f"float16 in {within} alone changes an output by {group.felt:.2g} of the largest, and such changes add up"
