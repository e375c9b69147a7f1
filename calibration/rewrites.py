"""Tries a recipe's rewrites of the float model, keeps the groups that bring the quantized outputs nearer.

A rewrite changes ranges, so that every trial watches the rewritten model anew: on a few samples, for the original and
the rewritten one alike. All groups are tried together, and where the outputs are no nearer then, the halves of them.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from portproof.calibration.accuracy import Accuracy
from portproof.calibration.guard import Verdict
from portproof.calibration.observe.collect import Collector
from portproof.calibration.observe.histogram import Histogram
from portproof.calibration.observe.table import Table
from portproof.calibration.plan import Plan
from portproof.calibration.prepare import tidied
from portproof.calibration.report import StepReport
from portproof.calibration.run import to_bytes
from portproof.calibration.samples import Samples
from portproof.calibration.steps import GraphStep
from portproof.calibration.workspace import Reference, Workspace

if TYPE_CHECKING:
    import onnx_ir as ir

    from portproof.calibration.place.placement import Placement

_SAMPLES = 32  # of a trial, and of what a rewrite looks at
_DEEPEST = 2


@dataclass(frozen=True, kw_only=True)
class Trials:
    """How a rewritten model becomes a plan.

    Attributes:
        place: a model's placement.
        build: the plan of a model, its placement and its histograms.
        samples: what it is watched and judged on.
        seed: for all that is drawn.
        reference: the outputs of the model as it was, which every rewritten one is held against.
        tables: of the model that was kept, by its fingerprint: what was watched is not watched again.
    """

    place: "Callable[[ir.Model], Placement]"
    build: "Callable[[ir.Model, Placement, dict[str, Histogram]], Plan]"
    samples: Samples
    seed: int = 0
    reference: Reference = field(default_factory=Reference)
    tables: dict[str, Table] = field(default_factory=dict)

    def workspace(self, model: "ir.Model") -> Workspace:
        """A model with a plan of its own, ranges of a few samples."""
        placement = self.place(model)
        collector = Collector(model, watched(model, placement))
        if placement.sources:  # a plan without ranges needs no statistics
            collector.add(islice(self.samples.fit(), _SAMPLES))
        table = collector.table
        plan = self.build(model, placement, dict(table.histograms))
        return Workspace(
            model=model,
            plan=plan,
            samples=self.samples,
            seed=self.seed,
            most=_SAMPLES,
            most_small=_SAMPLES,
            reference=self.reference,
            table=table,
        )


def watched(model: "ir.Model", placement: "Placement") -> tuple[str, ...]:
    """The values to watch: what sets a range, constants left out, in the graph's order."""
    constants = set(model.graph.initializers)
    return tuple(dict.fromkeys(name for name in placement.sources if name not in constants))


def watched_for_mixes(model: "ir.Model", placement: "Placement") -> tuple[str, ...]:
    """The values to watch where other placements are tried: all that may carry a scale, in the graph's order."""
    from portproof.calibration.place.groups import carried
    from portproof.calibration.place.sites import is_float

    constants = set(model.graph.initializers)
    values = carried(placement.regions, [region.name for region in placement.regions])
    names = (value.name or "" for value in values if is_float(value))
    return tuple(dict.fromkeys((*watched(model, placement), *(name for name in names if name not in constants))))


def rewrite(
    model: "ir.Model", steps: Sequence[GraphStep], trials: Trials, note: Callable[[str], None] = lambda _: None
) -> "tuple[ir.Model, tuple[StepReport, ...]]":
    """The model with all groups of all steps that help, and what became of each.

    Args:
        model: the prepared float model; stays as it is.
        steps: in the order in which they are tried.
        trials: see there.
        note: told what each step gained.
    """
    steps = [step for step in steps if step.groups(model)]
    if not steps:
        return model, ()
    reports = []
    workspace = trials.workspace(model)
    reached = workspace.accuracy(workspace.plan)
    for step in steps:
        start, before = time.perf_counter(), reached
        groups = step.groups(workspace.model)
        kept, workspace, reached = _try(step, groups, trials, (workspace, before), _DEEPEST)
        verdicts = tuple(_verdict(group, group in kept, before, reached) for group in groups)
        seconds = time.perf_counter() - start
        reports.append(StepReport(name=step.name, before=before, after=reached, verdicts=verdicts, seconds=seconds))
        note(f"{step.name}: {reports[-1].gain_db:+.1f} dB, kept in {len(kept)} of {len(groups)} groups")
    if workspace.table is not None:
        trials.tables[workspace.table.model] = workspace.table
    return workspace.model, tuple(reports)


def _try(
    step: GraphStep,
    groups: Sequence[str],
    trials: Trials,
    so_far: tuple[Workspace, Accuracy],
    depth: int,
) -> tuple[set[str], Workspace, Accuracy]:
    """Which groups to keep, by halving; the model with them and what it reaches."""
    workspace, reached = so_far
    if not groups:
        return set(), workspace, reached
    model = workspace.model.clone()
    step.apply(model, groups, workspace)
    if to_bytes(model) == to_bytes(workspace.model):  # nothing seemed worth it to the step itself
        return set(), workspace, reached
    candidate = trials.workspace(tidied(model))
    found = candidate.accuracy(candidate.plan)
    if found.mean_db > reached.mean_db:
        return set(groups), candidate, found
    if depth == 0 or len(groups) == 1:
        return set(), workspace, reached
    middle = len(groups) // 2
    kept, workspace, reached = _try(step, groups[:middle], trials, so_far, depth - 1)
    more, workspace, reached = _try(step, groups[middle:], trials, (workspace, reached), depth - 1)
    return kept | more, workspace, reached


def _verdict(group: str, kept: bool, before: Accuracy, after: Accuracy) -> Verdict:
    why = "" if kept else "the model's outputs come no nearer"
    return Verdict(layer=group, kept=kept, before_db=before.mean_db, after_db=after.mean_db, why=why)
