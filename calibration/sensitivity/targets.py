"""What a mix has to meet, and what a mix that was measured is."""

from dataclasses import dataclass
from typing import Any

from portproof.calibration.sensitivity.mix import Mix
from portproof.device_profiles.errors import PortproofError


@dataclass(frozen=True, kw_only=True)
class Targets:
    """Bounds; None is none.

    Attributes:
        min_sqnr_db: of the outputs against the float model's, on samples held back.
        max_drop: how much less than the float model's the user's metric may be, in its own unit.
        max_size_bytes: of the file.
        max_latency_ms: predicted for the device.
    """

    min_sqnr_db: float | None = None
    max_drop: float | None = None
    max_size_bytes: int | None = None
    max_latency_ms: float | None = None

    def __post_init__(self) -> None:
        bounds = (self.max_drop, self.max_size_bytes, self.max_latency_ms)
        if any(bound is not None and not bound >= 0 for bound in bounds):
            raise PortproofError("E-USAGE", "a largest drop, size or latency is not below 0")

    @property
    def asks_for_accuracy(self) -> bool:
        """Whether there is a bound that precision helps with."""
        return self.min_sqnr_db is not None or self.max_drop is not None

    @property
    def asks_for_frugality(self) -> bool:
        """Whether there is a bound that precision hurts."""
        return self.max_size_bytes is not None or self.max_latency_ms is not None


@dataclass(frozen=True, kw_only=True)
class Point:
    """A mix that was measured.

    Attributes:
        mix: precisions by item.
        sqnr_db: of the outputs, measured.
        size_bytes: of the file, from the sizes of its weights.
        bit_operations: products times the bits of their factors, of one run.
        latency_ms: predicted; None where nothing predicts it.
        drop: of the user's metric against the float model; None where it was not measured.
    """

    mix: Mix
    sqnr_db: float
    size_bytes: int
    bit_operations: float
    latency_ms: float | None = None
    drop: float | None = None

    @property
    def is_float(self) -> bool:
        """Whether nothing of it is integers."""
        return set(self.mix.counts()) == {"float32"}

    def unmet(self, targets: Targets) -> tuple[str, ...]:
        """A sentence for each bound that it does not meet."""
        return (*self.inaccurate(targets), *self.costly(targets))

    def inaccurate(self, targets: Targets) -> tuple[str, ...]:
        """Those that more precision would help with."""
        found = []
        if targets.min_sqnr_db is not None and not self.sqnr_db >= targets.min_sqnr_db:
            found.append(f"SQNR is {self.sqnr_db:.1f} dB, below {targets.min_sqnr_db:g} dB")
        if targets.max_drop is not None and self.drop is not None and not self.drop <= targets.max_drop:
            found.append(f"the metric drops by {self.drop:.4g}, more than {targets.max_drop:g}")
        return tuple(found)

    def costly(self, targets: Targets) -> tuple[str, ...]:
        """Those that less precision would help with."""
        found = []
        if targets.max_size_bytes is not None and self.size_bytes > targets.max_size_bytes:
            found.append(f"{self.size_bytes:,} bytes, more than {targets.max_size_bytes:,}")
        bound, predicted = targets.max_latency_ms, self.latency_ms
        if bound is not None and predicted is not None and not predicted <= bound:
            found.append(f"{predicted:.3g} ms predicted, more than {bound:g} ms")
        return tuple(found)

    def as_dict(self) -> dict[str, Any]:
        """JSON-able data."""
        return {
            "mix": self.mix.as_dict(),
            "counts": self.mix.counts(),
            "sqnr_db": None if self.sqnr_db == float("inf") else round(self.sqnr_db, 3),
            "size_bytes": self.size_bytes,
            "bit_operations": self.bit_operations,
            "latency_ms": self.latency_ms,
            "drop": self.drop,
        }
