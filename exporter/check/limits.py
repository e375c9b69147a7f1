"""``--fail-under``: the least share of multiply-accumulates that has to run on a unit."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.check.result import UnitResult

_LIMIT = re.compile(r"^(?:(?P<unit>[a-z0-9-]+)=)?(?P<percent>\d+(?:\.\d+)?)%?$")


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One limit.

    Attributes:
        unit: ``"npu"``, ``"gpu"``, ``"cpu"``, or the name of rules; empty for every kind of unit that a device has.
        least: the share, 0 to 1.
    """

    unit: str
    least: float


def parse(texts: Sequence[str]) -> list[Limit]:
    """The limits that a user wrote.

    Raises:
        PortproofError: ``E-USAGE``, all that are none at once.
    """
    found: list[Limit] = []
    wrong: list[Message] = []
    for text in texts:
        match = _LIMIT.match(text.strip())
        if match is None or float(match["percent"]) > 100:
            wrong.append(Message(code="E-USAGE", what=f"{text!r} is no limit", hint="write npu=95%, or 95% for all"))
        else:
            found.append(Limit(unit=match["unit"] or "", least=float(match["percent"]) / 100))
    if wrong:
        raise PortproofError.of(wrong)
    return found


def missed(limits: Sequence[Limit], found: Sequence[UnitResult]) -> Iterator[Message]:
    """What is not met: of each device and function, by the best path to the unit.

    Raises:
        PortproofError: ``E-USAGE``: no device at all has such a unit.
    """
    for limit in limits:
        held = [unit for unit in found if limit.unit in ("", unit.processor, unit.unit)]
        if not held:
            known = ", ".join(sorted({unit.processor for unit in found} | {unit.unit for unit in found}))
            raise PortproofError("E-USAGE", f"no device has a unit {limit.unit!r}", hint=f"there are {known}")
        for device, function in dict.fromkeys((unit.device, unit.function) for unit in found):
            yield from _of_device(limit, [u for u in held if (u.device, u.function) == (device, function)], device)


def _of_device(limit: Limit, held: Sequence[UnitResult], device: str) -> Iterator[Message]:
    if not held:
        yield Message(
            code="E-GATE-COVERAGE",
            what=f"{device} has no unit {limit.unit} that rules are known of, {limit.least:.1%} are asked for",
            hint="leave the device out, or name rules for the unit in a profile",
        )
    for kind in dict.fromkeys(unit.processor for unit in held):
        best = max((unit for unit in held if unit.processor == kind), key=_share)
        if _share(best) < limit.least:
            yield _too_little(best, limit.least)


def _share(unit: UnitResult) -> float:
    return 0.0 if unit.unwritten else unit.macs_share


def _too_little(unit: UnitResult, least: float) -> Message:
    first = unit.refused[0] if unit.refused else None
    reason = first.reasons[0] if first and first.reasons else None
    about = f"{unit.device} ({unit.function})" if unit.function else unit.device
    share = f"{_share(unit):.1%} of the multiply-accumulates run on {unit.name}"
    return Message(
        code="E-GATE-COVERAGE",
        what=f"{about}: {share}, {least:.1%} are asked for",
        where=first.operator.where if first else "",
        why=reason.why if reason else "",
        hint=reason.hint if reason else "",
    )
