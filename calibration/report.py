"""What quantization did: each step's gain and cost, what stayed float and why, how near the outputs are."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from portproof.calibration.accuracy import Accuracy
from portproof.calibration.guard import Verdict
from portproof.device_profiles.errors import Message


@dataclass(frozen=True, kw_only=True)
class StepReport:
    """One step of a recipe.

    Attributes:
        name: of the step.
        before: accuracy on the samples held back; of dynamic layers with their inputs in float (`with_exact_inputs`).
        after: the same with what was kept; equal to `before` where nothing was.
        verdicts: for each layer (or group) with a proposal.
        seconds: what it took, its guard included.
    """

    name: str
    before: Accuracy
    after: Accuracy
    verdicts: tuple[Verdict, ...] = ()
    seconds: float = 0.0

    @property
    def gain_db(self) -> float:
        """What the mean SQNR of the outputs gained."""
        return self.after.mean_db - self.before.mean_db

    @property
    def kept(self) -> int:
        """How many layers kept it."""
        return sum(verdict.kept for verdict in self.verdicts)

    def taken_back(self) -> "StepReport":
        """Of a step that was undone as a whole, because a bound of the user's broke."""
        why = "the model no longer met what was asked for"
        undone = tuple(replace(each, kept=False, why=why) if each.kept else each for each in self.verdicts)
        return replace(self, after=self.before, verdicts=undone)

    def as_dict(self) -> dict[str, Any]:
        """JSON-able data."""
        return {
            "name": self.name,
            "before": self.before.as_dict(),
            "after": self.after.as_dict(),
            "gain_db": round(self.gain_db, 3),
            "kept": self.kept,
            "reverted": len(self.verdicts) - self.kept,
            "verdicts": [asdict(verdict) for verdict in self.verdicts],
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True, kw_only=True)
class FloatNode:
    """A node that stays float in the quantized model.

    Attributes:
        name: of the node.
        op_type: of the node.
        where: the user's line, or the module, that made it.
        why: the reason.
    """

    name: str
    op_type: str
    where: str
    why: str


@dataclass(frozen=True, kw_only=True)
class QuantizationReport:
    """Of one model.

    Attributes:
        recipe: its name.
        unit: whose kernels it was placed for.
        samples: calibrated on.
        held_back: of these, those that only the guard saw.
        ranges: accuracy before any step: ranges and rounding to nearest alone.
        steps: in order.
        accuracy: of the file that was written, run by ONNX Runtime with its integer kernels, on the samples held back.
        integer_nodes: how many nodes compute in integers.
        layers: how many layers have integer weights.
        float_nodes: what stayed float though it computes.
        messages: findings.
        seconds: of each part that is no step, by name.
        mix: what a search for a mix of precisions found (`sensitivity.search.Found`), the ``targets`` that were
            asked for, the ``layers`` that are not int8, each with its reason, and what the user's ``metric`` gives;
            None where nothing was asked for.
    """

    recipe: str
    unit: str
    samples: int
    held_back: int
    ranges: Accuracy
    steps: tuple[StepReport, ...]
    accuracy: Accuracy
    integer_nodes: int
    layers: int
    float_nodes: tuple[FloatNode, ...] = ()
    messages: tuple[Message, ...] = ()
    seconds: Mapping[str, float]
    mix: Mapping[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-able data; the durations in it differ from run to run."""
        return {
            "recipe": self.recipe,
            "unit": self.unit,
            "samples": self.samples,
            "held_back": self.held_back,
            "ranges": self.ranges.as_dict(),
            "steps": [step.as_dict() for step in self.steps],
            "accuracy": self.accuracy.as_dict(),
            "integer_nodes": self.integer_nodes,
            "layers": self.layers,
            "float_nodes": [asdict(node) for node in self.float_nodes],
            "messages": [message.as_dict() for message in self.messages],
            "seconds": {name: round(value, 3) for name, value in self.seconds.items()},
            **({"mix": dict(self.mix)} if self.mix else {}),
        }
