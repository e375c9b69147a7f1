"""What a check found: for each device and each path to one of its units, what is taken and what is not."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from portproof.device_profiles.codes import GATE, OK
from portproof.device_profiles.errors import Message
from portproof.device_profiles.op_rules.registry import Refused
from portproof.exporter.check.memory import PlannedMemory
from portproof.exporter.check.operators import Operator
from portproof.exporter.check.partition import Partition


@dataclass(frozen=True, kw_only=True)
class Placed:
    """Where one operator runs.

    Attributes:
        operator: of the lowered model.
        taken: whether the unit takes it by its rules.
        on_unit: whether it runs there: partitions that the unit does not run fall to the CPU whole.
        reasons: why not.
        source: where the rule is from.
        confidence: ``documented``, ``reported`` or ``inferred``.
    """

    operator: Operator
    taken: bool
    on_unit: bool
    reasons: tuple[Refused, ...] = ()
    source: str = ""
    confidence: str = "documented"

    def as_dict(self) -> dict[str, Any]:
        """JSON-able data."""
        facts = self.operator.facts
        data = {
            "operator": facts.op,
            "name": facts.name,
            "where": self.operator.where,
            "line": self.operator.line,
            "module": self.operator.module,
            "macs": self.operator.macs,
            "taken": self.taken,
            "on_unit": self.on_unit,
            "reasons": [{"why": each.why, "hint": each.hint} for each in self.reasons],
            "source": self.source,
            "confidence": self.confidence,
        }
        return {key: value for key, value in data.items() if value not in ("", [])}


@dataclass(frozen=True, kw_only=True)
class PredictedTime:
    """How long one run is predicted to take on a path; never measured.

    Attributes:
        latency_ms: of the whole model: the unit's share there, the rest on the CPU, and what they hand over.
        low_ms: the lower end of the 80 % interval.
        high_ms: its upper end.
        share_on_unit: of the time, the share that is spent on the unit, 0 to 1.
        calibrated: whether this device, unit, runtime and precision was measured on enough networks.
        notes: what a reader must know of it.
    """

    latency_ms: float
    low_ms: float
    high_ms: float
    share_on_unit: float
    calibrated: bool
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON-able data, named as predicted."""
        return {
            "predicted_latency_ms": self.latency_ms,
            "low_ms": self.low_ms,
            "high_ms": self.high_ms,
            "interval": 0.8,
            "share_on_unit": self.share_on_unit,
            "calibrated": self.calibrated,
            "notes": list(self.notes),
        }


@dataclass(frozen=True, kw_only=True)
class UnitResult:
    """One path to one unit.

    Attributes:
        device: as it was asked for.
        processor: ``"cpu"``, ``"gpu"`` or ``"npu"``.
        unit: the name of the rules.
        name: in words.
        function: of a program with several; empty where there is one.
        form: of the model: ``"tflite"``, ``"tflite int8"``, ...
        placed: every operator of it, in order of execution.
        partitions: on the unit and beside it by turns.
        crossing_bytes: what partitions hand over to each other in one run.
        parameter_bytes: of the constants of the operators on the unit.
        notes: what a user should know of the unit.
        unwritten: why the model has no such form; nothing else holds then.
        advice: the verdicts are advice.
        memory: what running the form takes, planned; None where it is not known.
        predicted: the time of one run; None where nothing like it was measured.
        unpredicted: why not.
    """

    device: str
    processor: str
    unit: str
    name: str
    form: str
    function: str = ""
    placed: tuple[Placed, ...] = ()
    partitions: tuple[Partition, ...] = ()
    crossing_bytes: int = 0
    parameter_bytes: int = 0
    notes: tuple[str, ...] = ()
    unwritten: tuple[Message, ...] = ()
    advice: bool = False
    memory: PlannedMemory | None = None
    predicted: PredictedTime | None = None
    unpredicted: str = ""

    @property
    def refused(self) -> tuple[Placed, ...]:
        """Operators that the unit does not take by its rules."""
        return tuple(each for each in self.placed if not each.taken)

    @property
    def left_out(self) -> tuple[Placed, ...]:
        """Operators that it would take, in partitions that it does not run."""
        return tuple(each for each in self.placed if each.taken and not each.on_unit)

    @property
    def operators_share(self) -> float:
        """Of the operators, the share that runs on the unit, 0 to 1."""
        return _share([1] * len(self.placed), self.placed)

    @property
    def macs_share(self) -> float:
        """Of the multiply-accumulates; of the operators where there are none."""
        macs = [each.operator.macs for each in self.placed]
        return _share(macs, self.placed) if sum(macs) else self.operators_share

    @property
    def on_unit_partitions(self) -> int:
        """How many partitions run on the unit."""
        return sum(part.on_unit for part in self.partitions)

    @property
    def switches(self) -> int:
        """How often a run goes over to the unit or back."""
        return max(0, len(self.partitions) - 1)

    def as_dict(self) -> dict[str, Any]:
        """JSON-able data."""
        return {
            "device": self.device,
            "function": self.function,
            "processor": self.processor,
            "unit": self.unit,
            "name": self.name,
            "form": self.form,
            "advice": self.advice,
            "memory": None if self.memory is None else asdict(self.memory),
            "operators": len(self.placed),
            "operators_share": self.operators_share,
            "macs_share": self.macs_share,
            "partitions": self.on_unit_partitions,
            "switches": self.switches,
            "crossing_bytes": self.crossing_bytes,
            "parameter_bytes": self.parameter_bytes,
            "predicted": None if self.predicted is None else self.predicted.as_dict(),
            "unpredicted": self.unpredicted,
            "notes": list(self.notes),
            "unwritten": [message.as_dict() for message in self.unwritten],
            "placed": [each.as_dict() for each in self.placed],
        }


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """All of a check.

    Attributes:
        units: one a path, in the order of the devices.
        failed: limits of ``--fail-under`` that are not met.
        messages: warnings.
    """

    units: tuple[UnitResult, ...]
    failed: tuple[Message, ...] = ()
    messages: tuple[Message, ...] = ()

    @property
    def exit_status(self) -> int:
        """0, or 1 when a limit is not met."""
        return GATE if self.failed else OK


def _share(weights: Sequence[int], placed: Sequence[Placed]) -> float:
    total = sum(weights)
    there = sum(weight for weight, each in zip(weights, placed, strict=True) if each.on_unit)
    return there / total if total else 1.0
