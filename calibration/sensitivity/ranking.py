"""How much noise each option of each item makes, by ablation: all else as precise as can be, one item lowered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from portproof.calibration.sensitivity.mix import Evaluate, Item, Mix, Precision
from portproof.calibration.sensitivity.noise import decibels, ratio

# Noise of weights in float16 to that of the same in int8, of normal weights: 11 bits of each against 8 of the largest.
# Not worth a run, as whatever is chosen is run.
_HALF = 1e-3


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What one option of one item does, alone.

    Attributes:
        item: its name.
        precision: of the option.
        sqnr_db: of the model's outputs with only this item lowered.
        noise: noise to signal (powers) that it adds to the reference's.
        estimated: whether it was not run: weights in float16, from what they do in int8.
    """

    item: str
    precision: Precision
    sqnr_db: float
    noise: float
    estimated: bool = False

    def as_dict(self) -> dict[str, Any]:
        """JSON-able data."""
        found = {"item": self.item, "precision": self.precision, "sqnr_db": _finite(self.sqnr_db)}
        return {**found, "estimated": True} if self.estimated else found


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """The effects of all options, the worst first.

    Attributes:
        reference_db: SQNR with every item in its most precise option.
        effects: of all other options.
    """

    reference_db: float
    effects: tuple[Effect, ...]

    def noise(self, item: str, precision: Precision) -> float:
        """What an option of an item adds, noise to signal; 0 for the most precise one."""
        found = (effect.noise for effect in self.effects if (effect.item, effect.precision) == (item, precision))
        return next(found, 0.0)

    def predicted_db(self, mix: Mix) -> float:
        """SQNR of a mix if the noises of its items are independent, so that their powers add up."""
        return decibels(ratio(self.reference_db) + sum(self.noise(*choice) for choice in mix.choices))

    def worst(self, count: int) -> tuple[Effect, ...]:
        """The items that hurt most, each by its worst option."""
        seen: dict[str, Effect] = {}
        for effect in self.effects:
            seen.setdefault(effect.item, effect)
        return tuple(seen.values())[:count]


def rank(items: Sequence[Item], evaluate: Evaluate, *, told: Callable[[int, int], None] | None = None) -> Ranking:
    """Rank all options of all items: one evaluation for each, and one for the reference.

    Args:
        items: of the model.
        evaluate: judges a mix.
        told: is told how many evaluations are done, and of how many.
    """
    reference = Mix.of(items)
    lowered = [(item.name, option.precision) for item in items for option in item.options[:-1]]
    reference_db = evaluate(reference)
    floor = ratio(reference_db)
    effects: list[Effect] = []
    for done, (name, precision) in enumerate(lowered, start=1):
        if told:
            told(done, len(lowered))
        known = effects[-1] if effects else None
        if precision == "float16" and known and (known.item, known.precision) == (name, "weight_only"):
            noise = _HALF * known.noise
            effects.append(
                Effect(item=name, precision=precision, sqnr_db=decibels(floor + noise), noise=noise, estimated=True)
            )
            continue
        sqnr_db = evaluate(reference.changed({name: precision}))
        noise = max(ratio(sqnr_db) - floor, 0.0)
        effects.append(Effect(item=name, precision=precision, sqnr_db=sqnr_db, noise=noise))
    return Ranking(reference_db=reference_db, effects=tuple(sorted(effects, key=lambda each: -each.noise)))


def _finite(sqnr_db: float) -> float | None:
    """JSON has no infinity: None stands for no noise at all."""
    return None if sqnr_db == float("inf") else round(sqnr_db, 3)
