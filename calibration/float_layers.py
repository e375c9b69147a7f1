"""Layers with inputs quantized when running that cost more than they save: they stay float.

A few layers often make much of the noise: what the value projection of an attention adds reaches the outputs as it is,
what queries and keys add ends in a softmax. A layer's share of all noise is held against its share of the work, or of
the bytes, whichever is more: where it is far larger, float is the better bargain.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from statistics import median

from portproof.calibration.accuracy import BEST_DB, Accuracy
from portproof.calibration.guard import Guarded, Verdict
from portproof.calibration.place import regions
from portproof.calibration.place.work import products
from portproof.calibration.plan import Plan
from portproof.calibration.sensitivity.noise import decibels, ratio
from portproof.calibration.workspace import Workspace

NAME = "float layers"
_TIMES = 3.0  # as large a share of the noise as of what is saved: below that it is about what any layer makes
_MOST = 0.125  # of the work, and of the bytes, of all layers
_ENOUGH_DB = 40.0  # an error of a hundredth: what more would bring is worth no time
_LEAST_GAIN_DB = 0.5
_FOR_RANKING, _FOR_JUDGING = 10, 32  # samples: noises of layers differ by factors


@dataclass(frozen=True, kw_only=True)
class Share:
    """Of one layer.

    Attributes:
        alone_db: SQNR of the model's outputs with this layer in int8 and all else float.
        noise: its share of the noise that all make, each alone.
        cost: its share of all work or of all bytes, whichever is more.
    """

    alone_db: float
    noise: float
    cost: float

    @property
    def worth(self) -> float:
        """How much noise goes for what is given up."""
        return self.noise / max(self.cost, 1e-9)


def leave_float(
    workspace: Workspace, *, in_rows: bool, advance: Callable[[], None] = lambda: None
) -> tuple[Accuracy, Guarded]:
    """Take the layers out of int8 that make three times as much of the noise as of the work, or more.

    The most worth first, until an eighth of all work is float, or 40 dB seem to be reached; kept only if the model's
    outputs gain half a dB. A model that has 40 dB is left alone. All of a typical sample: see `_Judge`.

    Args:
        workspace: with the plan so far, weights corrected.
        in_rows: whether dynamic layers have a scale for each row where they will run.
        advance: called once for each layer that was looked at.

    Returns:
        The accuracy before, and the plan with what stays float told by name; verdicts of those that were tried.
    """
    plan, judged = workspace.plan, _Judge(workspace, in_rows)
    reached = workspace.accuracy(plan, in_rows=in_rows)
    typical_db = judged.typical_db(plan)
    found = shares(workspace, in_rows=in_rows, advance=advance) if typical_db < _ENOUGH_DB else {}
    names = chosen(found, typical_db)
    tried = _without(plan, {name: _why(found[name]) for name in names})
    accuracy = workspace.accuracy(tried, in_rows=in_rows) if names else reached
    gains = bool(names) and judged.typical_db(tried) >= typical_db + _LEAST_GAIN_DB
    kept = gains and accuracy.mean_db > reached.mean_db
    verdicts = tuple(_verdict(name, found[name], kept=kept) for name in names)
    if not kept:
        tried, accuracy = plan, reached
    return reached, Guarded(plan=tried, accuracy=accuracy, verdicts=verdicts)


def shares(workspace: Workspace, *, in_rows: bool, advance: Callable[[], None] = lambda: None) -> dict[str, Share]:
    """What each layer quantized when running makes of all noise, and what it takes, by name."""
    plan, judged = workspace.plan, _Judge(workspace, in_rows)
    names = [name for name in plan.layers if name in plan.dynamic]
    alone = {}
    for name in names:
        alone[name] = judged.alone_db(name)
        advance()
    noises = {name: ratio(sqnr_db) for name, sqnr_db in alone.items()}
    work = {region.name: float(products(region)) for region in regions.find(workspace.model) if region.layer}
    size = {name: float(weights.integers.size) for name, weights in plan.weights.items()}
    noise, *costs = (_of_all(each, names) for each in (noises, work, size))
    return {
        name: Share(alone_db=alone[name], noise=noise[name], cost=max(cost[name] for cost in costs)) for name in names
    }


@dataclass(frozen=True)
class _Judge:
    """What plans reach on a typical sample: one that a near tie turns over would outweigh all others in a sum."""

    workspace: Workspace
    in_rows: bool

    def typical_db(self, plan: Plan, most: int = _FOR_JUDGING) -> float:
        """The median over samples of the mean SQNR of the outputs."""
        found = self.workspace.accuracies(plan, in_rows=self.in_rows, most=most)
        return median(each.mean_db for each in found) if found else BEST_DB

    def alone_db(self, name: str) -> float:
        """The same with one layer in int8 and all else float."""
        plan = self.workspace.plan
        others = set(plan.weights) - {name}
        return self.typical_db(replace(_without(plan, dict.fromkeys(others, "")), tables={}), _FOR_RANKING)


def _of_all(amounts: Mapping[str, float], names: Collection[str]) -> dict[str, float]:
    total = sum(amounts.values()) or 1.0
    return {name: amounts[name] / total for name in names}


def chosen(found: Mapping[str, Share], reached_db: float) -> tuple[str, ...]:
    """The layers most worth their time, the best first, from the shares of all and what the model reaches."""
    names: list[str] = []
    cost, left = 0.0, 1.0
    for name, share in sorted(found.items(), key=lambda each: -each[1].worth):
        if share.worth < _TIMES or reached_db + decibels(left) >= _ENOUGH_DB:
            break
        if cost + share.cost <= _MOST:
            names.append(name)
            cost, left = cost + share.cost, left - share.noise
    return tuple(names)


def _without(plan: Plan, reasons: Mapping[str, str]) -> Plan:
    """The plan with layers in float, by name, each with its reason."""
    names = frozenset(reasons)
    return replace(
        plan,
        dynamic=plan.dynamic - names,
        weight_only=plan.weight_only - names,
        weights={name: each for name, each in plan.weights.items() if name not in names},
        why_float={**plan.why_float, **reasons},
    )


def _why(share: Share) -> str:
    return f"in int8 it would make {share.noise:.1%} of all noise, for {share.cost:.1%} of the work or of the bytes"


def _verdict(name: str, share: Share, *, kept: bool) -> Verdict:
    after_db = BEST_DB if kept else share.alone_db
    note = f"{share.noise:.1%} of all noise, {share.cost:.1%} of the work or of the bytes"
    return Verdict(layer=name, kept=kept, before_db=share.alone_db, after_db=after_db, note=note)
