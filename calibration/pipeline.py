"""From a float ONNX model and data to a quantized one: plan, try the recipe's steps, write, run."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portproof.calibration import prepare, recipes, run
from portproof.calibration.accuracy import Accuracy
from portproof.calibration.findings import check_range, float_nodes, fused, poor
from portproof.calibration.options import Options, check_integers, unit_rules
from portproof.calibration.padding import find as find_padding
from portproof.calibration.padding import without as without_padding
from portproof.calibration.plan import Plan
from portproof.calibration.planner import Planned, Planner
from portproof.calibration.report import QuantizationReport, StepReport
from portproof.calibration.samples import Data, Samples, open_samples
from portproof.calibration.telling import Telling
from portproof.calibration.weight_steps import Stepped, allowed, correct, leave_float, store_tables
from portproof.calibration.workspace import Reference, Workspace
from portproof.calibration.written import check_places, written
from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.progress import Progress, Silent

if TYPE_CHECKING:
    from portproof.calibration.observe.table import Table


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
        out_path: of the quantized one, ``*.onnx``; replaced at once when everything went well, else left alone.
        data: DATA (see `runtimes.data`), or an iterable of input dicts, every array of the model's full shape.
        progress: told of steps and findings.
        options: the fields of `Options`: ``recipe="default"``, ``device=None``, ``table=None``, ``jobs=1``, ...

    Raises:
        PortproofError: ``E-FILE-MISSING``, ``E-MODEL-*``, ``E-DATA-*``, ``E-CALIB-*``, ``E-DEVICE-UNKNOWN``,
            ``E-OUTPUT``, ``E-RUN``.
    """
    chosen = Options(**options)
    check_places(Path(onnx_path), Path(out_path), chosen.table)
    return _Job(Path(onnx_path), chosen, progress or Silent()).run(Path(out_path), data)


class _Job:
    """One run: what its parts share."""

    def __init__(self, source: Path, options: Options, told: Progress) -> None:
        self.options, self.telling = options, Telling(progress=told)
        self.recipe, self.rules = recipes.find(options.recipe), unit_rules(options.device)
        if options.goal is not None:
            options.goal.check(self.recipe)
        with self.telling.part("read the model"):
            self.model = prepare.prepare(prepare.load(source))
        check_integers(options, self.model, self.recipe)
        if self.recipe.precision == "int16":
            prepare.require_wide_pairs(self.model)

    def run(self, out_path: Path, data: Data) -> Quantized:
        samples, reference = self._samples(data), Reference()
        planned = self._planner(samples, reference).plan(self.model)
        self._refuse_nothing(planned.plan)
        workspace = Workspace(
            model=planned.model, plan=planned.plan, samples=samples, seed=self.options.seed, reference=reference
        )
        with self.telling.part("run the model with ranges alone"):
            ranges = workspace.accuracy(planned.plan)
        workspace, steps = self._stepped(workspace, ranges, planned)
        with self.telling.part("write, and run what was written"):
            proven = written(workspace, out_path, self.rules, self._accept)
        self.telling.add(poor(proven))
        if workspace.plan.weight_only:
            self.telling.add(fused(workspace.accuracy(workspace.plan), proven))
        report = self._report(workspace, ranges, planned, steps, proven)
        return Quantized(path=out_path, plan=workspace.plan, report=report, table=planned.table)

    def _accept(self, proven: Accuracy) -> None:
        if self.options.goal is not None:
            self.options.goal.accept(proven, self.rules)

    def _samples(self, data: Data) -> Samples:
        with self.telling.part("read the data"):
            specs, constant = run.input_specs(self.model), self.options.allow_constant
            samples = open_samples(data, specs, allow_constant=constant)
        check_range(samples, self.options.declared)
        padding = find_padding(self.model, samples)
        if padding is not None:
            self.telling.note(f"where {padding.mask} is 0, statistics are of positions where it is 1")
        return without_padding(samples, padding)

    def _planner(self, samples: Samples, reference: Reference) -> Planner:
        return Planner(
            recipe=self.recipe,
            rules=self.rules,
            options=self.options,
            samples=samples,
            reference=reference,
            telling=self.telling,
        )

    def _stepped(self, workspace: Workspace, accuracy: Accuracy, planned: Planned) -> Stepped:
        told, unmet = self.telling.progress, planned.reached.unmet if planned.reached else allowed
        workspace, steps = correct(workspace, self.recipe.weight_steps(), accuracy, told, unmet)
        workspace, left = leave_float(workspace, self.rules, told)
        workspace, stored = store_tables(workspace, self.rules, told, unmet)
        return workspace, (*steps, *left, *stored)

    def _refuse_nothing(self, plan: Plan) -> None:
        if plan.weights or plan.integer or plan.half:
            return
        reasons = sorted(set(plan.why_float.values()))
        raise PortproofError(
            "E-CALIB-NOTHING",
            f"nothing of the model can be quantized for {self.rules.name} with the recipe {self.recipe.name}",
            why="; ".join(reasons[:5]),
            hint="choose another device or recipe",
        )

    def _report(
        self,
        workspace: Workspace,
        ranges: Accuracy,
        planned: Planned,
        steps: tuple[StepReport, ...],
        proven: Accuracy,
    ) -> QuantizationReport:
        plan = workspace.plan
        return QuantizationReport(
            recipe=self.recipe.name,
            unit=self.rules.unit,
            samples=workspace.samples.count,
            held_back=ranges.samples,
            ranges=ranges,
            steps=(*planned.rewrites, *steps),
            accuracy=proven,
            integer_nodes=len(plan.integer),
            layers=len(plan.weights),
            float_nodes=float_nodes(workspace.model, plan),
            messages=tuple(self.telling.messages),
            seconds=self.telling.seconds,
            mix=planned.reached.as_dict(plan) if planned.reached is not None else None,
        )
