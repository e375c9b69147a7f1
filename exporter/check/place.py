"""A lowered model held against the rules of one path."""

import math
from collections.abc import Sequence

from portproof.device_profiles.errors import Message
from portproof.device_profiles.op_rules.judge import Verdict, judge
from portproof.exporter.check.operators import Operator
from portproof.exporter.check.partition import Cuts, Partition, bytes_of
from portproof.exporter.check.paths import Path
from portproof.exporter.check.result import Placed, UnitResult


def place(
    path: Path,
    operators: Sequence[Operator],
    form: str,
    verdicts: Sequence[Verdict] | None = None,
    *,
    same: Sequence[int] | None = None,
    cuts: Cuts | None = None,
) -> UnitResult:
    """Where each operator runs, and the partitions that result.

    Args:
        path: to the unit.
        operators: in order of execution.
        form: of the model, in words.
        verdicts: on each operator, where they do not follow from the rules alone.
        same: what `alike` says of the operators, where that is known: each kind is judged once then.
        cuts: of the operators, where other units were placed before.
    """
    rules = path.rules
    cuts = cuts or Cuts(operators)
    if verdicts is None:
        verdicts = _judged(path, operators, range(len(operators)) if same is None else same)
    found = cuts.partitions([verdict.taken for verdict in verdicts])
    kept = _kept(path, found)
    there = {index for part in kept if part.on_unit for index in part.members}
    placed = tuple(
        Placed(
            operator=one,
            taken=verdict.taken,
            on_unit=index in there,
            reasons=verdict.reasons,
            source=verdict.source,
            confidence=verdict.confidence,
        )
        for index, (one, verdict) in enumerate(zip(operators, verdicts, strict=True))
    )
    return UnitResult(
        device=path.device,
        processor=path.processor,
        unit=rules.unit,
        name=path.unit_name or rules.name,
        form=form,
        placed=placed,
        partitions=kept,
        crossing_bytes=cuts.crossing_bytes(kept),
        parameter_bytes=_parameter_bytes(placed),
        notes=rules.notes,
        advice=rules.advice,
    )


def _judged(path: Path, operators: Sequence[Operator], same: Sequence[int]) -> list[Verdict]:
    found: dict[int, Verdict] = {}
    for at in same:
        if at not in found:
            facts = operators[at].facts
            found[at] = judge(path.rules, facts, path.figures, added=path.added, removed=path.removed)
    return [found[at] for at in same]


def unwritten(path: Path, form: str, messages: tuple[Message, ...]) -> UnitResult:
    """The result where the model has no form that the unit reads."""
    return UnitResult(
        device=path.device,
        processor=path.processor,
        unit=path.rules.unit,
        name=path.unit_name or path.rules.name,
        form=form,
        unwritten=messages,
    )


def _kept(path: Path, found: Sequence[Partition]) -> tuple[Partition, ...]:
    """The partitions that the unit runs; where not all, those of most operators, as TensorFlow Lite chooses."""
    rules = path.rules
    candidates = [part for part in found if part.on_unit and len(part.members) >= rules.least_nodes]
    if rules.first_only:
        candidates = candidates[:1]
    elif rules.partitions is not None and len(candidates) > rules.partitions:
        largest = sorted(candidates, key=lambda part: -len(part.members))[: rules.partitions]
        candidates = [part for part in candidates if part in largest]
    return _joined(found, candidates)


def _joined(found: Sequence[Partition], candidates: Sequence[Partition]) -> tuple[Partition, ...]:
    result: list[Partition] = []
    for part in found:
        here = part in candidates
        if result and result[-1].on_unit == here:
            result[-1] = Partition(on_unit=here, members=(*result[-1].members, *part.members))
        else:
            result.append(Partition(on_unit=here, members=part.members))
    return tuple(result)


def _parameter_bytes(placed: Sequence[Placed]) -> int:
    """Of the constants that operators on the unit read, each tensor once."""
    held = {
        tensor.name: bytes_of(tensor)
        for each in placed
        if each.on_unit
        for tensor in each.operator.facts.inputs
        if tensor is not None and tensor.constant and math.prod(tensor.sizes) > 1
    }
    return sum(held.values())
