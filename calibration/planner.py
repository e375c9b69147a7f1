"""From a float model and samples to a plan: rewrites that help, placement, statistics, ranges, a mix of precisions."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from portproof.calibration.build import Choice, build
from portproof.calibration.calibrate import calibrate
from portproof.calibration.findings import findings
from portproof.calibration.observe.histogram import Histogram
from portproof.calibration.options import Options
from portproof.calibration.place import regions
from portproof.calibration.place.limits import beyond
from portproof.calibration.place.marked import marked
from portproof.calibration.place.placement import Placement, place
from portproof.calibration.place.shared import shared_ranges
from portproof.calibration.plan import Plan
from portproof.calibration.recipes import Recipe
from portproof.calibration.report import StepReport
from portproof.calibration.rewrites import Trials, rewrite
from portproof.calibration.samples import Samples
from portproof.calibration.telling import Telling
from portproof.calibration.transforms.masks import FLOOR, ClampMasks
from portproof.calibration.weights_only import weights_plan
from portproof.calibration.workspace import Reference
from portproof.device_profiles.integer_kernels import KernelRules

if TYPE_CHECKING:
    import onnx_ir as ir

    from portproof.calibration.observe.table import Table
    from portproof.calibration.sensitivity.goal import Goal, Reached

_ASKED = "it was asked to stay float"


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A plan before any step on weights.

    Attributes:
        model: the float model, rewritten where that helps.
        plan: of it.
        rewrites: what became of each.
        table: the statistics; None where the recipe needs none.
        reached: what a search for a mix of precisions found; None where none was asked for.
    """

    model: "ir.Model"
    plan: Plan
    rewrites: tuple[StepReport, ...] = ()
    table: "Table | None" = None
    reached: "Reached | None" = None


@dataclass(frozen=True, kw_only=True)
class Planner:
    """Makes plans of one recipe for one unit.

    Attributes:
        recipe: what is asked for.
        rules: of the unit.
        options: of the run.
        samples: what is watched.
        reference: the outputs of the model as it is given, which every rewritten one is held against.
        telling: told steps and findings.
    """

    recipe: Recipe
    rules: KernelRules
    options: Options
    samples: Samples
    reference: Reference
    telling: Telling

    def plan(self, model: "ir.Model") -> Planned:
        """The plan of a prepared model, which stays as it is but for masks of -inf.

        Raises:
            PortproofError: ``E-CALIB-*``, ``E-RUN``, ``E-OUTPUT`` of the table, ``E-GATE-METRIC`` of a goal.
        """
        return self._static(model) if self.recipe.form == "static" else self._weights(model)

    def _static(self, model: "ir.Model") -> Planned:
        self._clamp_masks(model)
        trials = self._trials()
        model, reports = self._rewritten(model, trials)
        placement = self._place(model)
        stored = self.options.table, self.options.jobs
        with self.telling.part("watch the model on the data", self.samples.count) as advance:
            mixes = self.options.goal is not None
            table = calibrate(model, placement, self.samples, *stored, advance, trials.tables, mixes=mixes)
        shared = shared_ranges(placement, table.histograms)
        with self.telling.part("set ranges"):
            found = Planned(model=model, plan=self._build(model, placement, table.histograms))
        if self.options.goal is not None:
            found = self._mixed(model, self.options.goal, table.histograms)
        self.telling.add(findings(model, found.plan, table.histograms, self.samples, shared))
        if found.reached is not None:
            self.telling.add(found.reached.findings())
        return replace(found, rewrites=reports, table=table)

    def _weights(self, model: "ir.Model") -> Planned:
        """No ranges: rewrites are judged by the outputs of the model whose inputs are quantized when running."""
        trials = replace(
            self._trials(),
            place=lambda each: Placement(regions=regions.find(each), integer=frozenset()),
            build=lambda each, _, __: self._of_weights(each),
        )
        model, reports = self._rewritten(model, trials)
        return Planned(model=model, plan=self._of_weights(model), rewrites=reports)

    def _of_weights(self, model: "ir.Model") -> Plan:
        return weights_plan(model, self.rules, self.recipe, processor=self.options.processor, apart=self._apart(model))

    def _trials(self) -> Trials:
        return Trials(
            place=self._place,
            build=self._build,
            samples=self.samples,
            seed=self.options.seed,
            reference=self.reference,
        )

    def _rewritten(self, model: "ir.Model", trials: Trials) -> "tuple[ir.Model, tuple[StepReport, ...]]":
        has_float = self.rules.float_in_partition("MatMul")
        steps = [step for step in self.recipe.graph_steps() if has_float or not step.adds_float]
        with self.telling.part("try rewrites") if steps else nullcontext():
            return rewrite(model, steps, trials, self.telling.note)

    def _mixed(self, model: "ir.Model", goal: "Goal", histograms: Mapping[str, Histogram]) -> Planned:
        """The plan of the cheapest mix of precisions that reaches a goal."""
        from portproof.calibration.sensitivity.goal import reach

        with self.telling.part("search for a mix of precisions"):
            reached = reach(
                model,
                self.rules,
                histograms,
                self.samples,
                goal,
                choice=self._choice(),
                apart=self._apart(model),
                processor=self.options.processor,
                progress=self.telling.progress,
            )
        return Planned(model=model, plan=reached.plan, reached=reached)

    def _choice(self) -> Choice:
        return Choice(estimator=self.recipe.estimator, symmetric=self.rules.symmetric_activations)

    def _apart(self, model: "ir.Model") -> dict[str, str]:
        return {**marked(model), **dict.fromkeys(self.options.apart, _ASKED)}

    def _clamp_masks(self, model: "ir.Model") -> None:
        """Masks of -inf are no number that a scale could hold: they are raised first, whatever the recipe."""
        step = ClampMasks()
        found = step.groups(model)
        if found:
            step.apply(model, found)
            raised = f"{len(found)} constants raised to {FLOOR:g}, which a softmax cannot tell apart"
            self.telling.note(f"{step.name}: {raised}")

    def _build(self, model: "ir.Model", placement: Placement, histograms: Mapping[str, Histogram]) -> Plan:
        """The plan of a placement; what its scales turn out not to allow stays float."""
        choice = self._choice()
        apart = shared_ranges(placement, histograms)
        while True:
            placement = self._place(model, apart) if apart else placement
            plan = build(model, placement, self.rules, histograms, choice)
            found = beyond(placement, plan, self.rules)
            if not found:
                return plan
            apart = {**apart, **found}

    def _place(self, model: "ir.Model", shared: Mapping[str, str] | None = None) -> Placement:
        apart = {**self._apart(model), **(shared or {})}
        precision, processor = self.recipe.precision, self.options.processor
        wanted = self.options.integers
        return place(model, self.rules, precision=precision, apart=apart, processor=processor, integers=wanted)
