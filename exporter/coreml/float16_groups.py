"""Which operators the outputs feel the rounding of: groups that lie side by side, split where it matters.

Where no operator loses much, but one behind the other they do, each would have to be tried by itself: as many runs as
there are operators. Most of them do not matter, though, and that shows in a group at once. So a group is tried as a
whole, and only one that cannot be left in float16 is split in two.
"""

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from portproof.exporter.coreml.float16_trial import Trial

SPLITS = 48
"""How often a group is split for one input; each time two runs on it."""
DROPS = 12
"""How many groups are tried without, once enough are found."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Operators that lie side by side in the order of execution.

    Attributes:
        names: of them.
        felt: how much an output changes, of its largest value, where they alone are in float16.
    """

    names: tuple[str, ...]
    felt: float

    @property
    def worth(self) -> float:
        """What keeping it in float32 saves for each operator; errors of many add up as their squares do."""
        return self.felt**2 / len(self.names)


def most_felt(names: Sequence[str], keep: Collection[str], trial: Trial, bound: float) -> list[Group]:
    """The groups that have to stay in float32 beside `keep` for all outputs to be within `bound`.

    They are found for the input that fails; while another one fails with these, those that it needs join them.

    Args:
        names: of the operators to choose from, in the order of execution.
        keep: of those that stay anyway.
        trial: what they are tried on.
        bound: as `Trial.error` measures.

    Returns:
        As few operators as the search finds; all of `names` where nothing less will do.
    """
    found: list[Group] = []
    while not trial.within({*keep, *names_of(found)}, bound):
        left = [name for name in names if name not in names_of(found)]
        if not left:
            break
        found += _for_hardest(left, {*keep, *names_of(found)}, trial, bound)
    return _without_needless(found, keep, trial, bound)


def _for_hardest(names: Sequence[str], keep: set[str], trial: Trial, bound: float) -> list[Group]:
    groups = [Group(names=tuple(names), felt=trial.felt(set(names)))]
    chosen = groups
    for left in (SPLITS, SPLITS // 2, 0):
        groups = sorted(_split(groups, trial, chosen, bound, left), key=lambda group: -group.worth)
        chosen = _enough(groups, keep, trial, bound)
        if all(len(group.names) == 1 for group in chosen):
            break
    return chosen


def names_of(groups: Sequence[Group]) -> set[str]:
    """The operators of all of them."""
    return {name for group in groups for name in group.names}


def _enough(groups: list[Group], keep: set[str], trial: Trial, bound: float) -> list[Group]:
    count = first(len(groups), lambda size: trial.on_hardest({*keep, *names_of(groups[:size])}) <= bound)
    return groups[:count]


def _split(groups: list[Group], trial: Trial, chosen: Sequence[Group], bound: float, most: int) -> list[Group]:
    """Splits what has to stay in float32, as estimated, and what was `chosen`, down to single operators if it can."""
    groups = list(groups)
    for _ in range(most):
        wanted = {*_needed(groups, bound), *chosen}
        wide = [group for group in groups if group in wanted and len(group.names) > 1]
        if not wide:
            break
        widest = max(wide, key=lambda group: (group.felt, len(group.names)))
        half = len(widest.names) // 2
        parts = widest.names[:half], widest.names[half:]
        at = groups.index(widest)
        groups[at : at + 1] = [Group(names=part, felt=trial.felt(set(part))) for part in parts]
    return groups


def _needed(groups: Sequence[Group], bound: float) -> list[Group]:
    """Those that cannot be left in float16, were their errors independent of each other; the worthiest at least."""
    ranked = sorted(groups, key=lambda group: group.worth)
    total = 0.0
    for at, group in enumerate(ranked):
        total += group.felt**2
        if math.sqrt(total) > bound:
            return ranked[at:]
    return ranked[-1:]


def _without_needless(found: list[Group], keep: Collection[str], trial: Trial, bound: float) -> list[Group]:
    """Drops what is not needed after all, the largest first."""
    for group in sorted(found, key=lambda group: (-len(group.names), group.felt))[:DROPS]:
        rest = [other for other in found if other is not group]
        if trial.within({*keep, *names_of(rest)}, bound):
            found = rest
    return found


def first(most: int, holds: Callable[[int], bool]) -> int | None:
    """The least number from 1 to `most` that holds, found by doubling and halving; None when `most` does not."""
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
