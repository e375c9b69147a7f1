"""From the cheapest mix to the most precise, one item's option at a time, by what a raise gains for what it costs."""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from portproof.calibration.sensitivity.mix import Item, Mix, Option, Precision
from portproof.calibration.sensitivity.ranking import Ranking

Cost = Callable[[Option], float]


@dataclass(frozen=True, kw_only=True)
class _Raise:
    item: str
    precision: Precision
    gain: float
    cost: float

    @property
    def worth(self) -> float:
        return self.gain / self.cost if self.cost > 0 else math.inf


def nested(items: Sequence[Item], ranking: Ranking, cost: Cost) -> list[Mix]:
    """Mixes from the cheapest to the most precise; each differs from the one before in one item, raised.

    If noises of items are independent, every mix of the path is the best for its cost but for what lies between two
    of them: options of an item are taken along the lower hull of cost and noise, raises by falling worth.

    Args:
        items: of the model.
        ranking: what each option adds.
        cost: of an option: what is scarce (bit operations, bytes, milliseconds).
    """
    hulls = {item.name: _hull(item, ranking, cost) for item in items}
    cheapest = Mix.of(items).changed({name: hull[0].precision for name, hull in hulls.items()})
    raises = [each for name, hull in hulls.items() for each in _raises(name, hull, ranking, cost)]
    raises.sort(key=lambda each: -each.worth)  # stable: of equal worth the earlier layer first
    mixes = [cheapest]
    for each in raises:
        mixes.append(mixes[-1].changed({each.item: each.precision}))
    return mixes


def _hull(item: Item, ranking: Ranking, cost: Cost) -> list[Option]:
    """The options worth taking, by rising cost: on the lower convex hull of cost and noise."""
    ordered = sorted(item.options, key=lambda option: (cost(option), ranking.noise(item.name, option.precision)))
    hull: list[Option] = []
    for option in ordered:
        if hull and ranking.noise(item.name, option.precision) >= ranking.noise(item.name, hull[-1].precision):
            continue
        while len(hull) > 1 and _worth(item, hull[-2], hull[-1], ranking, cost) <= _worth(
            item, hull[-1], option, ranking, cost
        ):
            hull.pop()
        hull.append(option)
    return hull


def _worth(item: Item, low: Option, high: Option, ranking: Ranking, cost: Cost) -> float:
    return _raised(item.name, low, high, ranking, cost).worth


def _raises(name: str, hull: Sequence[Option], ranking: Ranking, cost: Cost) -> list[_Raise]:
    return [_raised(name, low, high, ranking, cost) for low, high in itertools.pairwise(hull)]


def _raised(name: str, low: Option, high: Option, ranking: Ranking, cost: Cost) -> _Raise:
    gain = ranking.noise(name, low.precision) - ranking.noise(name, high.precision)
    return _Raise(item=name, precision=high.precision, gain=gain, cost=cost(high) - cost(low))
