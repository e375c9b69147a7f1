"""Measures mixes, each once: SQNR by running them, size and work by adding up, latency and drop by who knows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from portproof.calibration.sensitivity.mix import Evaluate, Item, Mix, Option, chosen
from portproof.calibration.sensitivity.targets import Point, Targets


@dataclass(frozen=True, kw_only=True)
class Judges:
    """Who judges a mix.

    Attributes:
        sqnr_db: runs it.
        latency_ms: predicts its time on the device; None where no profile does.
        drop: how much less than the float model's the user's metric is; None without a metric.
        told: is told how many mixes were run.
    """

    sqnr_db: Evaluate
    latency_ms: Callable[[Mix], float] | None = None
    drop: Callable[[Mix], float] | None = None
    told: Callable[[int], None] | None = None


@dataclass(frozen=True, kw_only=True)
class Measure:
    """Points of mixes, remembered.

    Attributes:
        items: of the model.
        judges: of its mixes.
        base_bytes: of the file without the weights of the items.
    """

    items: Sequence[Item]
    judges: Judges
    base_bytes: int = 0
    _known: dict[Mix, Point] = field(default_factory=dict)

    def size_bytes(self, mix: Mix) -> int:
        """Of the file; nothing is run."""
        return self.base_bytes + sum(option.size_bytes for option in chosen(self.items, mix))

    def latency_ms(self, mix: Mix) -> float | None:
        """Predicted; nothing is run."""
        return self.judges.latency_ms(mix) if self.judges.latency_ms else None

    def point(self, mix: Mix, targets: Targets) -> Point:
        """A mix, run once; the metric is asked only where a bound on it is all that is open."""
        point = self._known.get(mix) or self._run(mix)
        if point.drop is None and self.judges.drop and targets.max_drop is not None and not point.inaccurate(targets):
            point = replace(point, drop=self.judges.drop(mix))
        self._known[mix] = point
        return point

    def known(self) -> list[Point]:
        """All that were run, cheapest first."""
        return sorted(self._known.values(), key=lambda point: (point.bit_operations, point.size_bytes, point.sqnr_db))

    def _run(self, mix: Mix) -> Point:
        point = Point(
            mix=mix,
            sqnr_db=self.judges.sqnr_db(mix),
            size_bytes=self.size_bytes(mix),
            bit_operations=sum(option.cost for option in chosen(self.items, mix)),
            latency_ms=self.latency_ms(mix),
        )
        if self.judges.told:
            self.judges.told(len(self._known) + 1)
        return point


def scarce(targets: Targets) -> Callable[[Option], float]:
    """What a search saves: bytes where only a size is bound, bit operations else."""
    if targets.max_size_bytes is not None and targets.max_latency_ms is None:
        return lambda option: float(option.size_bytes)
    return lambda option: option.cost
