"""What `check` prints: one matrix of devices and units, and what each unit refuses, by reason."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from portproof.cli.table import size_text, table

if TYPE_CHECKING:
    from portproof.exporter.check.result import Placed, UnitResult

_PLACES = 3
"""How many places of one reason are shown; all are in ``--json``."""


_PREDICTED = (
    "predicted ms: never measured; intervals hold 80 % of networks; ?: measured on too few networks, or on none"
)
_PLANNED = "memory: planned from the form, weights and the tensors alive at once; what kernels take comes on top"


def matrix(units: "Sequence[UnitResult]") -> str:
    """A row for each path to a unit: shares of operators and multiply-accumulates, partitions, what they hand over."""
    head = (
        "device",
        "unit",
        "rules",
        "form",
        "operators",
        "MACs",
        "partitions",
        "switches",
        "handed over",
        "memory",
        "predicted ms",
    )
    return table(head, [_row(unit) for unit in units], right=range(4, 11))


def _row(unit: "UnitResult") -> tuple[object, ...]:
    start = (_device(unit), unit.processor, unit.unit, unit.form)
    if unit.unwritten:
        return (*start, "-", "-", "-", "-", "-", "-", "-")
    return (
        *start,
        f"{unit.operators_share:.0%} of {len(unit.placed)}",
        f"{unit.macs_share:.1%}",
        unit.on_unit_partitions,
        unit.switches,
        size_text(unit.crossing_bytes),
        "-" if unit.memory is None else size_text(unit.memory.total_bytes),
        _predicted(unit),
    )


def _predicted(unit: "UnitResult") -> str:
    """The predicted time with its 80 % interval; ``?`` where this device was not measured on enough networks."""
    if unit.predicted is None:
        return "-"
    found = unit.predicted
    text = f"{found.latency_ms:.3g} ({found.low_ms:.3g} to {found.high_ms:.3g})"
    return text if found.calibrated else f"{text} ?"


def _device(unit: "UnitResult") -> str:
    """The device, and the function of a program with several."""
    return f"{unit.device} {unit.function}" if unit.function else unit.device


def refusals(units: "Sequence[UnitResult]") -> Iterator[str]:
    """For each unit that does not run the whole model: what it refuses, grouped by reason, with what to do."""
    for unit in units:
        lines = [*_unwritten(unit), *_refused(unit), *_left_out(unit)]
        if lines:
            advice = " (advice, not fact)" if unit.advice else ""
            yield "\n".join((f"{_device(unit)}, {unit.processor}: {unit.name} [{unit.unit}]{advice}", *lines))


def notes(units: "Sequence[UnitResult]") -> str:
    """What a user should know of the units, once each."""
    found = dict.fromkeys((unit.unit, note) for unit in units for note in unit.notes)
    lines = [f"{name}: {note}" for name, note in found]
    if any(unit.memory is not None for unit in units):
        lines.append(_PLANNED)
    if any(unit.predicted is not None for unit in units):
        lines += [_PREDICTED, *_doubts(units)]
    return "\n".join(lines)


def _doubts(units: "Sequence[UnitResult]") -> Iterator[str]:
    """What is said of predicted times, with the units it is said of; where they are marked, the mark says enough."""
    said: dict[str, dict[str, None]] = {}
    for unit in units:
        if unit.predicted is not None and unit.predicted.calibrated:
            for note in unit.predicted.notes:
                said.setdefault(note, {})[unit.unit] = None
    return (f"predicted ms, {', '.join(names)}: {note}" for note, names in said.items())


def _unwritten(unit: "UnitResult") -> Iterator[str]:
    for message in unit.unwritten:
        yield f"  the model cannot be written for it: {message.what}"
        yield from _labelled((("where", message.where), ("why", message.why), ("hint", message.hint)))


def _refused(unit: "UnitResult") -> Iterator[str]:
    groups: dict[tuple[str, str, str], list[Placed]] = {}
    for each in unit.refused:
        for reason in each.reasons:
            groups.setdefault((reason.why, reason.hint, each.source), []).append(each)
    for (why, hint, source), placed in sorted(groups.items(), key=lambda group: -len(group[1])):
        counts = Counter(each.operator.facts.op for each in placed).most_common()
        yield f"  refused: {', '.join(f'{count} x {op}' for op, count in counts)}: {why}"
        yield from _labelled((("at", _places(placed)), ("hint", hint), ("source", source)))


def _left_out(unit: "UnitResult") -> Iterator[str]:
    if unit.left_out:
        yield f"  left out: {len(unit.left_out)} operators that it would take, in partitions that it does not run"


def _places(placed: "Sequence[Placed]") -> str:
    found = list(dict.fromkeys(each.operator.where for each in placed))
    more = f" and {len(found) - _PLACES} more places" if len(found) > _PLACES else ""
    return "; ".join(found[:_PLACES]) + more


def _labelled(lines: Iterable[tuple[str, str]]) -> Iterator[str]:
    for label, text in lines:
        if text:
            yield f"    {label}: {text}"
