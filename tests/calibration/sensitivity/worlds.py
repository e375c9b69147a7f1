"""Made-up models: what each option of each item adds as noise is known, and adds up."""

from dataclasses import dataclass, field

from portproof.calibration.sensitivity.mix import Item, Mix, Option, Precision
from portproof.calibration.sensitivity.noise import decibels

COSTS: dict[Precision, float] = {
    "int8": 64,
    "dynamic": 96,
    "int16": 128,
    "weight_only": 1024,
    "float16": 1024,
    "float32": 1024,
}
BYTES: dict[Precision, int] = {"int8": 1, "dynamic": 1, "int16": 1, "weight_only": 1, "float16": 2, "float32": 4}


def item(name: str, weights: int, *precisions: Precision) -> Item:
    options = (Option(precision=p, size_bytes=weights * BYTES[p], cost=weights * COSTS[p]) for p in precisions)
    return Item(name=name, options=tuple(options))


@dataclass
class World:
    """Judges mixes; `noise` is noise to signal by (item, precision), 0 where not given."""

    noise: dict[tuple[str, str], float]
    floor: float = 0.0
    asked: list[Mix] = field(default_factory=list)

    def __call__(self, mix: Mix) -> float:
        self.asked.append(mix)
        return decibels(self.floor + sum(self.noise.get(choice, 0.0) for choice in mix.choices))


ITEMS = [
    item("first", 10, "int8", "int16", "float32"),
    item("middle", 1000, "int8", "int16", "float32"),
    item("depthwise", 20, "int8", "int16", "float32"),
    item("last", 400, "int8", "dynamic", "float32"),
]
NOISE = {
    ("first", "int8"): 1e-3,
    ("first", "int16"): 1e-5,
    ("middle", "int8"): 1e-4,
    ("middle", "int16"): 1e-6,
    ("depthwise", "int8"): 2e-2,
    ("depthwise", "int16"): 1.9e-2,
    ("last", "int8"): 5e-4,
    ("last", "dynamic"): 1e-5,
}
