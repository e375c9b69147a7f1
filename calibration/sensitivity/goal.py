"""What `quantize` is asked to reach: bounds, and the user's metric; and the plan that reaches it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from portproof.calibration import run
from portproof.calibration.build import Choice
from portproof.calibration.observe.histogram import Histogram
from portproof.calibration.plan import Plan
from portproof.calibration.samples import Samples
from portproof.calibration.sensitivity.choose import Wishes, choose
from portproof.calibration.sensitivity.metric import Run, drop, load_metric
from portproof.calibration.sensitivity.pace import Pace
from portproof.calibration.sensitivity.search import Found
from portproof.calibration.sensitivity.targets import Targets
from portproof.calibration.write import write
from portproof.device_profiles.errors import PortproofError
from portproof.device_profiles.integer_kernels import KernelRules

if TYPE_CHECKING:
    import onnx_ir as ir

    from portproof.calibration.recipes import Recipe


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What to reach.

    Attributes:
        targets: the bounds, at least one.
        metric: ``file.py:function`` of the user's, which ``max_drop`` is about; empty without one.
        pace: predicted latencies of the whole model, which ``max_latency_ms`` is about; None without a prediction.
    """

    targets: Targets
    metric: str = ""
    pace: Pace | None = None

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


def reach(
    model: "ir.Model",
    rules: KernelRules,
    histograms: Mapping[str, Histogram],
    samples: Samples,
    goal: Goal,
    *,
    choice: Choice,
    apart: Mapping[str, str],
    told: Callable[[int, int], None] | None = None,
) -> tuple[Found, Plan]:
    """The plan of the cheapest mix that reaches a goal, before any step that betters it.

    Args:
        model: the prepared float model.
        rules: of the unit.
        histograms: of all that a fully static placement watches.
        samples: those held back are what mixes are judged on.
        goal: what to reach.
        choice: how ranges are set.
        apart: regions that stay float, each with the reason.
        told: is told how many models were run, and of how many for the ranking.

    Raises:
        PortproofError: ``E-GATE-METRIC``: no mix reaches it, or only float does; ``E-USAGE``, ``E-CONFIG``,
            ``E-FILE-MISSING``: of the metric; ``E-RUN``.
    """
    asked = drop(load_metric(goal.metric), runner(model)) if goal.metric else None
    wishes = Wishes(
        targets=goal.targets,
        drop=(lambda plan: asked(runner(write(model, plan)))) if asked else None,
        pace=goal.pace,
        told=told,
    )
    found, plan = choose(model, rules, histograms, samples.held_back(), wishes, choice=choice, apart=apart)
    _refuse_float(found)
    if plan is None:  # `required` raises where nothing was chosen
        raise PortproofError("E-INTERNAL", "a mix was chosen without a plan")
    return found, plan


def _refuse_float(found: Found) -> None:
    """A mix without a single integer is no quantized model: better said than written."""
    if set(found.required().mix.counts()) == {"float32"}:
        worst = ", ".join(f"{effect.item} in {effect.precision}" for effect in found.ranking.worst(3))
        what = "only the float model meets what was asked for"
        raise PortproofError("E-GATE-METRIC", what, hint=f"ask for less; what hurts most: {worst}")


def runner(model: "ir.Model") -> Run:
    """Runs a model in memory in ONNX Runtime: a dict of inputs to a dict of all its outputs."""
    names = [output.name or "" for output in model.graph.outputs]
    session = run.session(run.to_bytes(model))

    def call(inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        return run.values(session, names, inputs)

    return call
