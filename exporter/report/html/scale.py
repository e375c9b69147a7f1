"""From numbers to places on a plot: an axis with round ticks."""

import math
from dataclasses import dataclass

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A linear axis.

    Attributes:
        low: its least number, a tick.
        high: its largest, a tick.
        step: between ticks.
        start: the place of `low`, in the plot's units.
        end: the place of `high`.
    """

    low: float
    high: float
    step: float
    start: float
    end: float

    def at(self, number: float) -> float:
        """The place of a number, to a tenth of a unit."""
        share = (number - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self) -> list[tuple[float, str]]:
        """Place and text of each tick."""
        count = round((self.high - self.low) / self.step)
        return [(self.at(number), text(number)) for number in (self.low + k * self.step for k in range(count + 1))]


def axis(numbers: list[float], start: float, end: float, *, most_ticks: int = 7) -> Axis:
    """An axis that holds finite numbers, at least one; where all are equal, with room around."""
    low, high = min(numbers), max(numbers)
    if high - low <= 1e-9 * max(abs(high), abs(low), 1e-9):
        low, high = low - 0.5 * (abs(low) or 1.0), high + 0.5 * (abs(high) or 1.0)
    step = _round_step((high - low) / (most_ticks - 2))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return Axis(low=first * step, high=last * step, step=step, start=start, end=end)


def _round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in _STEPS if step * power >= least * (1 - 1e-9))


def text(number: float) -> str:
    """A number of at most four digits, for a tick."""
    found = f"{number:.4g}"
    return "0" if float(found) == 0 else found
