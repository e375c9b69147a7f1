"""The cheapest mix of precisions that meets what was asked for, and the frontier of what could be had."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from portproof.calibration.sensitivity.measure import Judges, Measure, scarce
from portproof.calibration.sensitivity.mix import Item, Mix, Precision
from portproof.calibration.sensitivity.path import nested
from portproof.calibration.sensitivity.ranking import Ranking
from portproof.calibration.sensitivity.targets import Point, Targets
from portproof.device_profiles.errors import PortproofError

_POINTS = 9
_TRIALS = 8
_LIGHTER: tuple[Precision, ...] = ("weight_only", "float16")


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search found.

    Attributes:
        frontier: mixes that were run and that no other one beats in both cost and SQNR, and the one chosen (the
            user's metric may prefer another), cheapest first.
        chosen: the cheapest that meets every bound; None where none does, or none was given.
        nearest: where none does: the one that comes nearest in accuracy without costing too much, or, if all cost too
            much, the cheapest.
        unmet: why `nearest` will not do, a sentence a bound.
        ranking: of the options of all items.
        runs: mixes that were run, those of the ranking not counted.
        set_aside: mixes that met every bound and were slower than the float file where they were timed, or no faster
            while the one chosen is.
        slower: whether the one chosen is slower than the float file.
    """

    frontier: tuple[Point, ...]
    chosen: Point | None
    nearest: Point | None = None
    unmet: tuple[str, ...] = ()
    ranking: Ranking
    runs: int
    set_aside: tuple[Point, ...] = ()
    slower: bool = False

    def required(self) -> Point:
        """The mix chosen.

        Raises:
            PortproofError: ``E-GATE-METRIC``: no mix meets the bounds; it says how near one comes, and what hurts.
        """
        if self.chosen is not None:
            return self.chosen
        worst = ", ".join(f"{effect.item} in {effect.precision}" for effect in self.ranking.worst(3))
        raise PortproofError(
            "E-GATE-METRIC",
            "no mix of precisions meets what was asked for" if self.unmet else "no bound was given to choose a mix by",
            why=f"at best: {'; '.join(self.unmet)}" if self.unmet else "",
            hint=f"what hurts most: {worst}" if worst else "allow more precisions",
        )

    def as_dict(self) -> dict[str, Any]:
        """JSON-able data."""
        return {
            "chosen": self.chosen.as_dict() if self.chosen else None,
            "nearest": self.nearest.as_dict() if self.nearest else None,
            "unmet": list(self.unmet),
            "frontier": [point.as_dict() for point in self.frontier],
            "reference_db": self.ranking.reference_db if self.ranking.reference_db < float("inf") else None,
            "ranking": [effect.as_dict() for effect in self.ranking.effects],
            "runs": self.runs,
            "set_aside": [point.as_dict() for point in self.set_aside],
            "slower": self.slower,
        }


def search(items: Sequence[Item], ranking: Ranking, judges: Judges, targets: Targets, *, base_bytes: int = 0) -> Found:
    """Search along the nested mixes of `path.nested`, then lower again what turns out not to be needed.

    The bounds on accuracy are halved in on: along the path SQNR rises, up to noise of the measurement; whatever is
    chosen was run and meets them. Nothing is assumed of latency: it is asked for every mix of the path. What stays
    float gives up the bytes of its weights in the end, as far as the bounds allow: its time is the same.

    Args:
        items: of the model.
        ranking: of their options, see `ranking.rank`.
        judges: run a mix, predict its time, ask the user's metric.
        targets: the bounds.
        base_bytes: of the file without the weights of the items.

    Raises:
        PortproofError: ``E-USAGE``: a bound that nobody can judge.
    """
    _check(judges, targets)
    measure = Measure(items=items, judges=judges, base_bytes=base_bytes)
    path = nested(items, ranking, scarce(targets))
    place = _place(path, measure, targets)
    best = measure.point(path[place], targets)
    if targets.asks_for_accuracy and not best.unmet(targets):
        best = _lowered(items, best, ranking, measure, targets)
        for precision in _LIGHTER:
            best = _lighter(items, best, measure, targets, precision)
    _spread(path, measure, targets)
    asked = targets.asks_for_accuracy or targets.asks_for_frugality
    unmet = best.unmet(targets) if asked else ()
    meets = asked and not unmet
    return Found(
        frontier=_with(best, frontier(measure.known())) if meets else frontier(measure.known()),
        chosen=best if meets else None,
        nearest=best if unmet else None,
        unmet=unmet,
        ranking=ranking,
        runs=len(measure.known()),
    )


def frontier(points: Sequence[Point]) -> tuple[Point, ...]:
    """The points that no other one beats: cheapest first, each with a higher SQNR than all before."""
    kept: list[Point] = []
    for point in sorted(points, key=lambda each: (each.bit_operations, each.size_bytes, -each.sqnr_db)):
        if not kept or point.sqnr_db > kept[-1].sqnr_db:
            kept.append(point)
    return tuple(kept)


def _with(point: Point, points: tuple[Point, ...]) -> tuple[Point, ...]:
    every = points if any(each.mix == point.mix for each in points) else (*points, point)
    return tuple(sorted(every, key=lambda each: (each.bit_operations, each.size_bytes)))


def _check(judges: Judges, targets: Targets) -> None:
    if targets.max_latency_ms is not None and judges.latency_ms is None:
        hint = "name a device whose profile predicts latency, or leave the bound out"
        raise PortproofError("E-USAGE", "nothing predicts the latency that is bounded", hint=hint)
    if targets.max_drop is not None and judges.drop is None:
        hint = "give the metric: file.py:function"
        raise PortproofError("E-USAGE", "there is no metric whose drop is bounded", hint=hint)


def _place(path: Sequence[Mix], measure: Measure, targets: Targets) -> int:
    """Where to stand on the path: the first mix accurate enough, but no farther than costs allow."""
    allowed = [place for place, mix in enumerate(path) if not _too_costly(mix, measure, targets)]
    if not allowed:
        return 0
    if not targets.asks_for_accuracy:
        return allowed[-1] if targets.asks_for_frugality else 0
    low, high = 0, len(allowed) - 1
    while low < high:
        middle = (low + high) // 2
        if measure.point(path[allowed[middle]], targets).inaccurate(targets):
            low = middle + 1
        else:
            high = middle
    return allowed[low]


def _too_costly(mix: Mix, measure: Measure, targets: Targets) -> bool:
    """Whether a mix breaks a bound that can be judged without running it."""
    guess = Point(
        mix=mix,
        sqnr_db=0.0,
        size_bytes=measure.size_bytes(mix),
        bit_operations=0.0,
        latency_ms=measure.latency_ms(mix) if targets.max_latency_ms is not None else None,
    )
    return bool(guess.costly(targets))


def _lowered(items: Sequence[Item], best: Point, ranking: Ranking, measure: Measure, targets: Targets) -> Point:
    """Lower items one by one, the largest saving first, while the bounds hold: at most a few are tried."""
    trials = []
    for item in items:
        now = item.option(best.mix.precision(item.name))
        cheaper = [option for option in item.options if option.cost < now.cost]
        if cheaper:
            least = min(cheaper, key=lambda option: ranking.noise(item.name, option.precision))
            trials.append((now.cost - least.cost, item.name, least.precision))
    tried = 0
    for _, name, precision in sorted(trials, key=lambda trial: -trial[0]):
        mix = best.mix.changed({name: precision})
        hopeless = targets.min_sqnr_db is not None and ranking.predicted_db(mix) < targets.min_sqnr_db
        if hopeless or tried == _TRIALS:
            continue
        tried += 1
        point = measure.point(mix, targets)
        best = best if point.unmet(targets) else point
    return best


def _lighter(items: Sequence[Item], best: Point, measure: Measure, targets: Targets, precision: Precision) -> Point:
    """Lighter weights in front of float arithmetic: for all float layers, else for the halves that keep the bounds."""
    names = [
        item.name
        for item in items
        if best.mix.precision(item.name) == "float32" and any(o.precision == precision for o in item.options)
    ]
    tried, waiting = 0, [names] if names else []
    while waiting and tried < _TRIALS:
        part = waiting.pop(0)
        point = measure.point(best.mix.changed(dict.fromkeys(part, precision)), targets)
        tried += 1
        if not point.unmet(targets):
            best = point
        elif len(part) > 1:
            waiting += [part[: len(part) // 2], part[len(part) // 2 :]]
    return best


def _spread(path: Sequence[Mix], measure: Measure, targets: Targets) -> None:
    """Run some mixes over all of the path, for the plot; the metric is not asked of them."""
    plain = replace(targets, max_drop=None)
    count = min(_POINTS, len(path))
    for place in sorted({round(step * (len(path) - 1) / max(count - 1, 1)) for step in range(count)}):
        measure.point(path[place], plain)
