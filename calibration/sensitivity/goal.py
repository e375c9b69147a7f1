"""What `quantize` is asked to reach: bounds, and the user's metric; and the plan that reaches it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portproof.calibration import run
from portproof.calibration.accuracy import Accuracy
from portproof.calibration.build import Choice
from portproof.calibration.dialect import adapt
from portproof.calibration.observe.histogram import Histogram
from portproof.calibration.plan import Plan
from portproof.calibration.samples import Samples
from portproof.calibration.sensitivity.choose import LOOKED_AT, Wishes, choose
from portproof.calibration.sensitivity.layers import counts, not_int8
from portproof.calibration.sensitivity.metric import load_metric
from portproof.calibration.sensitivity.pace import Pace
from portproof.calibration.sensitivity.regions import model_db
from portproof.calibration.sensitivity.search import Found
from portproof.calibration.sensitivity.targets import Targets
from portproof.calibration.sensitivity.task import Task
from portproof.calibration.sensitivity.timing import Speed, Timed, Timing, slower
from portproof.calibration.write import write
from portproof.device_profiles.errors import Message, PortproofError
from portproof.device_profiles.integer_kernels import KernelRules
from portproof.runtimes.progress import Progress, Silent

if TYPE_CHECKING:
    import onnx_ir as ir

    from portproof.calibration.recipes import Recipe

_ONNX_RUNTIME = "onnxruntime-cpu"


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What to reach.

    Attributes:
        targets: the bounds, at least one.
        metric: ``file.py:function`` of the user's, which ``max_drop`` is about; empty without one.
        pace: predicted latencies of the whole model, which ``max_latency_ms`` is about; None without a prediction.
        timing: times mixes against the float model; None: nothing is timed, and the same mix is chosen everywhere.
    """

    targets: Targets
    metric: str = ""
    pace: Pace | None = None
    timing: Timing | None = None

    def check(self, recipe: "Recipe") -> None:
        """Refuse what would be ignored.

        Raises:
            PortproofError: ``E-USAGE``: the recipe is not static int8, which mixes begin from; there is no bound.
        """
        if recipe.form != "static" or recipe.precision != "int8":
            what = f"the recipe {recipe.name} gives every layer one form: no mix can be searched for"
            raise PortproofError("E-USAGE", what, hint="take fast, default or thorough, or leave the bounds out")
        if not (self.targets.asks_for_accuracy or self.targets.asks_for_frugality):
            raise PortproofError("E-USAGE", "a metric without a bound on its drop says nothing")

    def accept(self, proven: Accuracy, rules: KernelRules) -> None:
        """Refuse what does not reach the SQNR asked for in ONNX Runtime, where that is where it will run.

        Mixes are judged by what the file says; of weights in integers ONNX Runtime makes kernels that are less exact.

        Raises:
            PortproofError: ``E-GATE-METRIC``.
        """
        bound, reached = self.targets.min_sqnr_db, round(proven.sqnr_db, 1)
        if bound is not None and rules.unit == _ONNX_RUNTIME and reached < bound:
            what = f"the mix reaches {reached:.1f} dB in ONNX Runtime, below {bound:g} dB"
            why = "what the file says is more exact than the kernels that the runtime makes of it"
            raise PortproofError("E-GATE-METRIC", what, why=why, hint="ask for some decibels more than you need")


@dataclass(frozen=True, kw_only=True)
class Reached:
    """How a goal was reached, before any step that betters it.

    Attributes:
        goal: as asked.
        found: by the search.
        plan: of the mix chosen.
        model: the prepared float model.
        rules: of the unit.
        samples: what mixes were judged on, and calibrated.
        task: the user's metric on them; None without one.
        processor: that mixes were placed for; "" for any.
    """

    goal: Goal
    found: Found
    plan: Plan
    model: "ir.Model"
    rules: KernelRules
    samples: Samples
    task: Task | None = None
    processor: str = ""

    def unmet(self, plan: Plan) -> tuple[str, ...]:
        """A sentence for each bound on accuracy that a later plan breaks: steps know the outputs, not the task."""
        targets, reasons = self.goal.targets, []
        if targets.min_sqnr_db is not None:
            sqnr_db = model_db(self.model, plan, self.rules, islice(self.samples.held_back(), LOOKED_AT))
            if not sqnr_db >= targets.min_sqnr_db:
                reasons.append(f"SQNR is {sqnr_db:.1f} dB, below {targets.min_sqnr_db:g} dB")
        if targets.max_drop is not None and self.task is not None:
            drop = self.task.drop(plan)
            if not drop <= targets.max_drop:
                reasons.append(f"the metric drops by {drop:.4g}, more than {targets.max_drop:g}")
        return tuple(reasons)

    def findings(self) -> Iterator[Message]:
        """What a user should know of the search."""
        if self.found.slower:
            yield slower("the mix", self.rules.name)
        if self.task is not None:
            yield from self.task.findings(self.samples)

    def as_dict(self, plan: Plan) -> dict[str, Any]:
        """JSON-able data.

        Args:
            plan: that was written.
        """
        layers = not_int8(self.model, plan, self.found, self.rules, processor=self.processor)
        return {
            **self.found.as_dict(),
            "targets": asdict(self.goal.targets),
            "layers": [layer.as_dict() for layer in layers],
            "layer_counts": counts(plan, layers),
            "metric": self._metric(plan),
        }

    def _metric(self, plan: Plan) -> dict[str, Any] | None:
        if self.task is None:
            return None
        name, _, function = self.goal.metric.rpartition(":")
        scores = {"float": self.task.float_score, "written": self.task.score(plan)}
        return {"name": f"{Path(name).name}:{function}", **scores, "inputs": self.task.inputs}


def reach(  # noqa: PLR0913 - the parts of one planner
    model: "ir.Model",
    rules: KernelRules,
    histograms: Mapping[str, Histogram],
    samples: Samples,
    goal: Goal,
    *,
    choice: Choice,
    apart: Mapping[str, str],
    processor: str = "",
    progress: Progress | None = None,
) -> Reached:
    """The plan of the cheapest mix that reaches a goal, before any step that betters it.

    Args:
        model: the prepared float model.
        rules: of the unit.
        histograms: of all that a fully static placement watches.
        samples: those held back are what mixes are judged on.
        goal: what to reach.
        choice: how ranges are set.
        apart: regions that stay float, each with the reason.
        processor: the architecture that it will run on: what is known to be slower in integers there stays float.
        progress: told of the ranking.

    Raises:
        PortproofError: ``E-GATE-METRIC``: no mix reaches it, or only float does; ``E-USAGE``, ``E-CONFIG``,
            ``E-FILE-MISSING``: of the metric; ``E-RUN``.
    """
    task = Task(metric=load_metric(goal.metric), model=model, rules=rules) if goal.metric else None
    timing = goal.timing
    wishes = Wishes(
        targets=goal.targets,
        drop=task.drop if task else None,
        pace=goal.pace,
        timed=_timed(model, rules, timing) if timing and timing.decides else None,
        processor=processor,
        progress=progress or Silent(),
    )
    found, plan = choose(model, rules, histograms, samples.held_back(), wishes, choice=choice, apart=apart)
    _refuse_float(found)
    if plan is None:  # `required` raises where nothing was chosen
        raise PortproofError("E-INTERNAL", "a mix was chosen without a plan")
    if timing and not timing.decides:
        timed = _timed(model, rules, timing)(plan)
        found = replace(found, slower=timed is not None and timed.speed == Speed.SLOWER)
    return Reached(
        goal=goal,
        found=found,
        plan=plan,
        model=model,
        rules=rules,
        samples=samples,
        task=task,
        processor=processor,
    )


def _timed(model: "ir.Model", rules: KernelRules, timing: Timing) -> Callable[[Plan], Timed | None]:
    """Times a plan as it would be written: steps change numbers, no kernels."""
    return lambda plan: timing.clock(run.to_bytes(adapt(write(model, plan), rules)))


def _refuse_float(found: Found) -> None:
    """A mix without a single integer is no quantized model: better said than written."""
    if found.required().is_float:
        worst = ", ".join(f"{effect.item} in {effect.precision}" for effect in found.ranking.worst(3))
        what = "only the float model meets what was asked for"
        raise PortproofError("E-GATE-METRIC", what, hint=f"ask for less; what hurts most: {worst}")
