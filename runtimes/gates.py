"""Conditions on metrics: the ``--metric sqnr_db>=30`` grammar."""

import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from portproof.device_profiles.errors import Message, PortproofError
from portproof.runtimes.feed import near_matches
from portproof.runtimes.metrics import METRICS, OutputParity

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_GRAMMAR = re.compile(r"(?:(?P<output>.+):)?(?P<metric>[A-Za-z0-9_]+)\s*(?P<compare>[<>]=?)\s*(?P<value>\S+)")


@dataclass(frozen=True, kw_only=True)
class MetricGate:
    """One condition: `metric` of `output` (of every output when empty) `compare` `value`."""

    output: str
    metric: str
    compare: str
    value: float

    def check(self, outputs: Iterable[OutputParity], where: str) -> list[Message]:
        """``E-GATE-METRIC`` for every output that does not meet the condition.

        An output without the metric (top-1 of what is no classifier) is passed over, unless it was named or
        none has it.
        """
        concerned = [output for output in outputs if self.output in ("", output.name)]
        values = {output.name: getattr(output, self.metric) for output in concerned}
        known = {name: value for name, value in values.items() if value is not None}
        if not known:
            return [self._message(", ".join(values) or self.output, "not defined for it", where)]
        failed = {name: value for name, value in known.items() if not _COMPARE[self.compare](value, self.value)}
        return [self._message(name, f"{value:.6g}", where) for name, value in failed.items()]

    def __str__(self) -> str:
        prefix = f"{self.output}:" if self.output else ""
        return f"{prefix}{self.metric}{self.compare}{self.value:g}"

    def _message(self, name: str, value: str, where: str) -> Message:
        what = f"{self.metric} of output {name!r} is {value}, wanted {self.compare} {self.value:g}"
        return Message(code="E-GATE-METRIC", what=what, where=where, details={"gate": str(self), "output": name})


def parse_gate(text: str) -> MetricGate:
    """Parse ``[OUTPUT:]METRIC>=VALUE``; ``>``, ``<=`` and ``<`` as well.

    Raises:
        PortproofError: ``E-USAGE``.
    """
    match = _GRAMMAR.fullmatch(text.strip())
    if match is None:
        raise _usage(text, "it is not of the form [OUTPUT:]METRIC>=VALUE", "for example --metric sqnr_db>=30")
    metric = match["metric"]
    if metric not in METRICS:
        near = near_matches(metric, METRICS)
        hint = f"did you mean {near[0]}?" if near else f"metrics are {', '.join(METRICS)}"
        raise _usage(text, f"there is no metric {metric!r}", hint)
    try:
        value = float(match["value"])
    except ValueError:
        raise _usage(text, f"{match['value']!r} is not a number", "for example --metric sqnr_db>=30") from None
    return MetricGate(output=match["output"] or "", metric=metric, compare=match["compare"], value=value)


def _usage(text: str, why: str, hint: str) -> PortproofError:
    return PortproofError("E-USAGE", f"--metric {text} cannot be used", why=why, hint=hint)
