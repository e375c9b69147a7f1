"""From a float ONNX model and data to a quantized one: place, watch, plan, try the recipe's steps, write, run."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portproof import runtimes
from portproof.calibration import accuracy, prepare, recipes, run, tables
from portproof.calibration.accuracy import Accuracy
from portproof.calibration.build import Choice, build
from portproof.calibration.calibrate import calibrate
from portproof.calibration.findings import check_range, findings, float_nodes, poor
from portproof.calibration.guard import guard
from portproof.calibration.observe.histogram import Histogram
from portproof.calibration.place import regions
from portproof.calibration.place.limits import beyond
from portproof.calibration.place.placement import Placement, place
from portproof.calibration.place.shared import shared_ranges
from portproof.calibration.plan import Plan
from portproof.calibration.recipes import Recipe
from portproof.calibration.report import QuantizationReport, StepReport
from portproof.calibration.rewrites import Trials, rewrite
from portproof.calibration.samples import Data, Samples, open_samples
from portproof.calibration.transforms.masks import FLOOR, ClampMasks
from portproof.calibration.weights_only import weights_plan
from portproof.calibration.workspace import Reference, Workspace
from portproof.calibration.write import write
from portproof.device_profiles.errors import Message, PortproofError
from portproof.device_profiles.integer_kernels import KernelRules
from portproof.runtimes.images import Preprocessing
from portproof.runtimes.progress import Progress, Silent

if TYPE_CHECKING:
    import onnx_ir as ir

    from portproof.calibration.observe.table import Table
    from portproof.calibration.sensitivity.goal import Goal
    from portproof.calibration.sensitivity.search import Found


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to quantize.

    Attributes:
        recipe: a name of `recipes.RECIPES`, or a recipe.
        device: a unit of `integer_kernels.units`, or a device profile's id; None: LiteRT with XNNPACK.
        table: a file of statistics: gone on with where it exists, written at the end and when interrupted.
        jobs: processes that watch samples; joblib's backends reach clusters.
        seed: for all that is drawn.
        allow_constant: whether a float input may hold one value only (a state that begins at zero).
        declared: the preprocessing of image inputs, which the data's ranges are held against.
        apart: names of nodes that are to stay float.
        processor: the architecture that it will run on, as `platform.machine` names it: layers that are known to be
            slower in integers there stay float; "" where it may be any.
        goal: bounds to reach with the cheapest mix of precisions; None: every layer as the recipe has it.
    """

    recipe: str | Recipe = "default"
    device: str | None = None
    table: str | os.PathLike[str] | None = None
    jobs: int = 1
    seed: int = 0
    allow_constant: bool = False
    declared: Sequence[Preprocessing] = ()
    apart: Sequence[str] = ()
    goal: "Goal | None" = None
    processor: str = ""


@dataclass(frozen=True, kw_only=True)
class Quantized:
    """What came of it.

    Attributes:
        path: of the quantized model.
        plan: all scales, integer weights and biases.
        report: what each step gained and cost, what stayed float and why.
        table: the statistics, None where the recipe needs none.
    """

    path: Path
    plan: Plan
    report: QuantizationReport
    table: "Table | None" = None


def quantize(
    onnx_path: str | os.PathLike[str],
    out_path: str | os.PathLike[str],
    data: Data,
    *,
    progress: Progress | None = None,
    **options: Any,
) -> Quantized:
    """Quantize a float ONNX model: one QDQ ONNX model that every writer lowers to its integer kernels.

    Args:
        onnx_path: the float model, opset 13 or newer.
        out_path: of the quantized one; replaced at once when everything went well, else left alone.
        data: DATA (see `runtimes.data`), or an iterable of input dicts, every array of the model's full shape.
        progress: told of steps and findings.
        options: the fields of `Options`: ``recipe="default"``, ``device=None``, ``table=None``, ``jobs=1``, ...

    Raises:
        PortproofError: ``E-FILE-MISSING``, ``E-MODEL-*``, ``E-DATA-*``, ``E-CALIB-*``, ``E-DEVICE-UNKNOWN``,
            ``E-OUTPUT``, ``E-RUN``.
    """
    chosen = Options(**options)
    return _Job(Path(onnx_path), chosen, progress or Silent()).run(Path(out_path), data)


class _Job:
    """One run: what its parts share, and how long each took."""

    def __init__(self, source: Path, options: Options, told: Progress) -> None:
        self.options, self.told = options, told
        self.recipe, self.rules = recipes.find(options.recipe), unit_rules(options.device)
        self.seconds: dict[str, float] = {}
        self.messages: list[Message] = []
        self.mix: Found | None = None
        self.reference = Reference()
        if options.goal is not None:
            options.goal.check(self.recipe)
        with self._part("read the model"):
            self.model = prepare.prepare(prepare.load(source))

    def run(self, out_path: Path, data: Data) -> Quantized:
        with self._part("read the data"):
            specs, constant = run.input_specs(self.model), self.options.allow_constant
            samples = open_samples(data, specs, allow_constant=constant)
        check_range(samples, self.options.declared)
        plan, rewrites, table = self._plan(samples)
        self._refuse_nothing(plan)
        workspace = Workspace(
            model=self.model, plan=plan, samples=samples, seed=self.options.seed, reference=self.reference
        )
        with self._part("run the model with ranges alone"):
            ranges = workspace.accuracy(plan)
        workspace, steps = self._steps(workspace, ranges)
        workspace, stored = self._tables(workspace)
        proven = self._written(workspace, out_path)
        report = self._report(workspace, ranges, (*rewrites, *steps, *stored), proven)
        return Quantized(path=out_path, plan=workspace.plan, report=report, table=table)

    def _plan(self, samples: Samples) -> "tuple[Plan, tuple[StepReport, ...], Table | None]":
        if self.recipe.form != "static":
            return *self._weights_plan(samples), None
        self._clamp_masks()
        trials = Trials(
            place=self._place,
            build=self._build,
            samples=samples,
            seed=self.options.seed,
            reference=self.reference,
        )
        steps = self.recipe.graph_steps()
        with self._part("try rewrites") if steps else nullcontext():
            self.model, reports = rewrite(self.model, steps, trials, self.told.note)
        placement = self._place(self.model)
        stored = self.options.table, self.options.jobs
        with self._part("watch the model on the data", samples.count) as advance:
            table = calibrate(self.model, placement, samples, *stored, advance, trials.tables)
        shared = shared_ranges(placement, table.histograms)
        with self._part("set ranges"):
            plan = self._build(self.model, placement, table.histograms)
        plan = plan if self.options.goal is None else self._mixed(self.options.goal, table.histograms, samples)
        for message in findings(self.model, plan, table.histograms, samples, shared):
            self._tell(message)
        return plan, reports, table

    def _weights_plan(self, samples: Samples) -> tuple[Plan, tuple[StepReport, ...]]:
        """No ranges: rewrites are judged by the outputs of the model whose inputs are quantized when running."""
        trials = Trials(
            place=lambda model: Placement(regions=regions.find(model), integer=frozenset()),
            build=lambda model, _, __: weights_plan(model, self.rules, self.recipe),
            samples=samples,
            seed=self.options.seed,
            reference=self.reference,
        )
        steps = self.recipe.graph_steps()
        with self._part("try rewrites") if steps else nullcontext():
            self.model, reports = rewrite(self.model, steps, trials, self.told.note)
        return weights_plan(self.model, self.rules, self.recipe), reports

    def _mixed(self, goal: "Goal", histograms: Mapping[str, Histogram], samples: Samples) -> Plan:
        """The plan of the cheapest mix of precisions that reaches a goal."""
        from portproof.calibration.sensitivity.goal import reach

        apart = dict.fromkeys(self.options.apart, "it was asked to stay float")
        with self._part("search for a mix of precisions"):
            self.mix, plan = reach(
                self.model, self.rules, histograms, samples, goal, choice=self._choice(), apart=apart
            )
        return plan

    def _choice(self) -> Choice:
        return Choice(estimator=self.recipe.estimator, symmetric=self.rules.symmetric_activations)

    def _clamp_masks(self) -> None:
        """Masks of -inf are no number that a scale could hold: they are raised first, whatever the recipe."""
        step = ClampMasks()
        found = step.groups(self.model)
        if found:
            step.apply(self.model, found)
            self.told.note(
                f"{step.name}: {len(found)} constants raised to {FLOOR:g}, which a softmax cannot tell apart"
            )

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
        apart = {**dict.fromkeys(self.options.apart, "it was asked to stay float"), **(shared or {})}
        recipe, processor = self.recipe, self.options.processor
        return place(model, self.rules, precision=recipe.precision, apart=apart, processor=processor)

    def _steps(self, workspace: Workspace, reached: Accuracy) -> tuple[Workspace, tuple[StepReport, ...]]:
        """All steps of the recipe on weights; of dynamic layers these alone are judged: `Plan.with_exact_inputs`."""
        reports, whole = [], workspace
        steps = self.recipe.weight_steps()
        if steps and whole.plan.dynamic:
            workspace = whole.with_plan(whole.plan.with_exact_inputs())
            reached = workspace.accuracy(workspace.plan)
        for step in steps:
            start = time.perf_counter()
            with self.told.step(step.name):
                found = guard(workspace, list(step.propose(workspace)), reached)
            seconds = time.perf_counter() - start
            report = StepReport(
                name=step.name, before=reached, after=found.accuracy, verdicts=found.verdicts, seconds=seconds
            )
            self.told.note(f"{step.name}: {report.gain_db:+.1f} dB, kept by {report.kept} of {len(report.verdicts)}")
            workspace, reached = workspace.with_plan(found.plan), found.accuracy
            reports.append(report)
        return whole.with_plan(whole.plan.with_weights(workspace.plan.weights)), tuple(reports)

    def _tables(self, workspace: Workspace) -> tuple[Workspace, tuple[StepReport, ...]]:
        """Embeddings in int8, in the recipes that are about bytes: where the unit takes rows of integers."""
        if self.recipe.form == "static" or not tables.find(self.model):
            return workspace, ()
        if self.rules.widens_tables or "int8" not in self.rules.weight_only:
            why = f"{self.rules.name} would widen the whole of its table in every run"
            return workspace.with_plan(tables.leave_tables(workspace, why)), ()
        start = time.perf_counter()
        with self.told.step(tables.NAME):
            before = workspace.accuracy(workspace.plan)
            found = tables.keep_tables(workspace, before)
        spent = time.perf_counter() - start
        after, verdicts = found.accuracy, found.verdicts
        report = StepReport(name=tables.NAME, before=before, after=after, verdicts=verdicts, seconds=spent)
        self.told.note(f"{tables.NAME}: {report.gain_db:+.2f} dB, kept {report.kept} of {len(verdicts)}")
        return workspace.with_plan(found.plan), (report,)

    def _written(self, workspace: Workspace, path: Path) -> Accuracy:
        """Write the file beside its place, run it as an app would, and only then move it there."""
        part = path.with_name(f".{path.stem}.part{path.suffix}")
        with self._part("write, and run what was written"):
            try:
                part.write_bytes(run.to_bytes(write(self.model, workspace.plan)))
                proven = _proven(part, workspace)
                part.replace(path)
            except OSError as error:
                what = f"{path.name} cannot be written"
                raise PortproofError("E-OUTPUT", what, where=str(path), why=str(error)) from error
            finally:
                part.unlink(missing_ok=True)
        for message in poor(proven):
            self._tell(message)
        return proven

    def _refuse_nothing(self, plan: Plan) -> None:
        if plan.weights or plan.integer:
            return
        reasons = sorted(set(plan.why_float.values()))
        raise PortproofError(
            "E-CALIB-NOTHING",
            f"nothing of the model can be quantized for {self.rules.name} with the recipe {self.recipe.name}",
            why="; ".join(reasons[:5]),
            hint="choose another device or recipe",
        )

    def _report(
        self, workspace: Workspace, ranges: Accuracy, steps: tuple[StepReport, ...], proven: Accuracy
    ) -> QuantizationReport:
        plan = workspace.plan
        return QuantizationReport(
            recipe=self.recipe.name,
            unit=self.rules.unit,
            samples=workspace.samples.count,
            held_back=ranges.samples,
            ranges=ranges,
            steps=steps,
            accuracy=proven,
            integer_nodes=len(plan.integer),
            layers=len(plan.weights),
            float_nodes=float_nodes(self.model, plan),
            messages=tuple(self.messages),
            seconds=self.seconds,
            mix=self.mix.as_dict() if self.mix else None,
        )

    def _tell(self, message: Message) -> None:
        self.messages.append(message)
        self.told.message(message)

    @contextmanager
    def _part(self, title: str, total: int | None = None) -> Iterator[Callable[[], None]]:
        start = time.perf_counter()
        with self.told.step(title, total) as advance:
            yield advance
        self.seconds[title] = time.perf_counter() - start


def _proven(path: Path, workspace: Workspace) -> Accuracy:
    """The accuracy of a written file in ONNX Runtime as it comes, integer kernels and all."""
    names = [output.name or "" for output in workspace.model.graph.outputs]
    wanted = run.stream(workspace.model, names, workspace.held_back())
    with runtimes.open(path, isolated=False) as runner:
        return accuracy.compare(wanted, (runner.run(sample) for sample in workspace.held_back()))


def unit_rules(device: str | None) -> KernelRules:
    """The kernels of a unit, or of the unit that a device runs int8 on.

    Raises:
        PortproofError: ``E-DEVICE-UNKNOWN``: no unit and no profile has this name.
    """
    from portproof.device_profiles import integer_kernels

    if device in integer_kernels.units():
        return integer_kernels.load(device)
    return integer_kernels.for_device(device)
