"""A recipe's steps on weights, each under the guard; and tables, in the recipes that are about bytes."""

import time
from collections.abc import Callable, Sequence

from portproof.calibration import float_layers, tables
from portproof.calibration.accuracy import Accuracy
from portproof.calibration.guard import Guarded, guard
from portproof.calibration.plan import Plan
from portproof.calibration.report import StepReport
from portproof.calibration.steps import WeightStep
from portproof.calibration.workspace import Workspace
from portproof.device_profiles.integer_kernels import KernelRules
from portproof.runtimes.progress import Progress

Stepped = tuple[Workspace, tuple[StepReport, ...]]
Bounds = Callable[[Plan], tuple[str, ...]]


def allowed(plan: Plan) -> tuple[str, ...]:  # noqa: ARG001 - any plan
    """Where nothing is bounded, every plan will do."""
    return ()


def correct(
    workspace: Workspace, steps: Sequence[WeightStep], reached: Accuracy, told: Progress, unmet: Bounds = allowed
) -> Stepped:
    """Try steps on weights in turn; of dynamic layers these alone are judged: `Plan.with_exact_inputs`.

    Args:
        workspace: with the plan as it is.
        steps: of the recipe.
        reached: the plan's accuracy.
        told: the steps, and what each gained.
        unmet: the bounds of the user's that a plan breaks, in words: steps know the outputs, not the task, and one that
            breaks any is taken back.
    """
    reports, whole = [], workspace
    if steps and whole.plan.dynamic:
        workspace = whole.with_plan(whole.plan.with_exact_inputs())
        reached = workspace.accuracy(workspace.plan)
    for step in steps:
        start = time.perf_counter()
        with told.step(step.name):
            found = guard(workspace, list(step.propose(workspace)), reached)
        report = _report(step.name, reached, found, start)
        told.note(f"{step.name}: {report.gain_db:+.1f} dB, kept by {report.kept} of {len(report.verdicts)}")
        if report.kept and (broken := unmet(whole.plan.with_weights(found.plan.weights))):
            told.note(f"{step.name} is taken back: with it {'; '.join(broken)}")
            reports.append(report.taken_back())
            continue
        workspace, reached = workspace.with_plan(found.plan), found.accuracy
        reports.append(report)
    return whole.with_plan(whole.plan.with_weights(workspace.plan.weights)), tuple(reports)


def store_tables(workspace: Workspace, rules: KernelRules, told: Progress, unmet: Bounds = allowed) -> Stepped:
    """Embeddings in int8, where the unit takes rows of integers and no output minds."""
    if not tables.find(workspace.model):
        return workspace, ()
    if rules.widens_tables or "int8" not in rules.weight_only:
        why = f"{rules.name} would widen the whole of its table in every run"
        return workspace.with_plan(tables.leave_tables(workspace, why)), ()
    start = time.perf_counter()
    with told.step(tables.NAME):
        before, found = tables.keep_tables(workspace, in_rows=_in_rows(workspace, rules))
    report = _report(tables.NAME, before, found, start)
    told.note(f"{tables.NAME}: {report.gain_db:+.2f} dB, kept {report.kept} of {len(report.verdicts)}")
    if report.kept and (broken := unmet(found.plan)):
        why = f"with its table in int8 {'; '.join(broken)}"
        told.note(f"{tables.NAME}: taken back, {why}")
        return workspace.with_plan(tables.leave_tables(workspace, why)), (report.taken_back(),)
    return workspace.with_plan(found.plan), (report,)


def leave_float(workspace: Workspace, rules: KernelRules, told: Progress) -> Stepped:
    """Layers quantized when running that make far more of the noise than of the work stay float."""
    if not workspace.plan.dynamic:
        return workspace, ()
    start = time.perf_counter()
    with told.step(float_layers.NAME, len(workspace.plan.dynamic)) as advance:
        in_rows = _in_rows(workspace, rules)
        before, found = float_layers.leave_float(workspace, in_rows=in_rows, advance=advance)
    report = _report(float_layers.NAME, before, found, start)
    told.note(f"{float_layers.NAME}: {report.gain_db:+.1f} dB, {report.kept} of {len(workspace.plan.dynamic)}")
    return workspace.with_plan(found.plan), (report,)


def _in_rows(workspace: Workspace, rules: KernelRules) -> bool:
    """Whether what is quantized when running has a scale for each row where the plan will run."""
    return rules.dynamic_scales == "row" and bool(workspace.plan.dynamic)


def _report(name: str, before: Accuracy, found: Guarded, start: float) -> StepReport:
    seconds = time.perf_counter() - start
    return StepReport(name=name, before=before, after=found.accuracy, verdicts=found.verdicts, seconds=seconds)
