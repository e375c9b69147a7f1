"""How a family of devices responds to a network: a roofline with fitted rates, and a Gaussian process for the rest.

    log t(family, network) = log sum_k exp(rate[family, k]) * amount[network, k] + rest(family, network)

Rates of a family are those of all families on its unit plus deviations by precision, by runtime, and of its
own, each with a Gaussian prior; the rest is a Gaussian process over the networks' traits with the same levels. Both are
fitted together by Gauss-Newton steps, each of which is one linear system in as many unknowns as there are (family,
network) pairs. Pairs, not measurements: sixty boards that run the same network tell once what is special about it.

On neural processors thirty networks are too few to learn a rest from. Only the roofline is fitted there, with noise of
Student's t: a network that a compiler takes badly (DenseNet or LSTMs in int8 take two or three times the sum of their
parts) is let be. What is left of each is kept for it, and for those hardly different from it.
"""

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portproof.device_profiles.cost.components import FACTORS, PRIORS, TERMS, TIES, UNITS, Traits
from portproof.device_profiles.cost.groups import Family
from portproof.device_profiles.cost.points import Points

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Standard deviations and lengths of the priors, on the scale of a logarithm; docs/latency.md says how chosen.

    Attributes:
        rates: of rates: of all, by precision, by runtime, of the family itself.
        rest: weights of the same levels in the rest.
        factor: of what the rates of a factor deviate together.
        sizes, mix, likeness: variances of the rest: linear in sizes, linear in the mix, by likeness.
        size_length, mix_length: distances over which networks are alike.
        noise: of a pair's response.
        degrees: of freedom, where the noise is Student's t; 0: normal, residuals beyond `robust` counting linearly.
        robust: where that starts.
        afterwards: the rest is what the fitted roofline leaves; else both are fitted at once.
        steps: Gauss-Newton steps.
    """

    rates: tuple[float, float, float, float] = (0.6, 0.4, 0.3, 0.2)
    rest: tuple[float, float, float, float] = (1.0, 0.5, 0.5, 0.2)
    factor: float = 0.5
    sizes: float = 0.1
    mix: float = 0.1
    likeness: float = 0.1
    size_length: float = 1.5
    mix_length: float = 1.0
    noise: float = 0.1
    degrees: float = 0.0
    robust: float = 0.15
    afterwards: bool = False
    steps: int = 8


#: By unit: its families are fitted together, what one learns of networks holds for the others.
SETTINGS = {
    "cpu": Settings(
        rates=(0.32, 0.83, 0.13, 0.21),
        rest=(0.075, 0.44, 0.078, 0.35),
        factor=0.39,
        sizes=0.2,
        mix=0.015,
        likeness=0.65,
        size_length=1.85,
        mix_length=4.5,
        noise=0.134,
        robust=0.135,
    ),
    "gpu": Settings(
        rates=(0.32, 0.75, 0.16, 0.17),
        rest=(0.4, 0.32, 1.4, 0.46),
        factor=0.0,
        sizes=0.0,
        mix=0.072,
        likeness=0.58,
        size_length=1.7,
        mix_length=1.06,
        noise=0.081,
        robust=0.235,
        steps=24,
    ),
    "npu": Settings(
        rates=(0.7, 0.4, 0.4, 0.15),
        rest=(0.5, 1.0, 0.5, 0.5),
        factor=0.0,
        sizes=0.0,
        mix=0.0,
        likeness=0.05,
        size_length=0.2,
        mix_length=0.05,
        noise=0.055,
        degrees=4.6,
        afterwards=True,
        steps=24,
    ),
}


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A fitted response.

    Attributes:
        families: those it knows.
        base: float64 [terms], rates before deviations.
        rates: float64 [families, terms], logarithms of milliseconds a unit of each amount.
        pair_family, pair_network: int64 [pairs].
        response: float64 [pairs], what was observed of each, the groups' own scales taken off.
        alpha: float64 [pairs], weights of the Gaussian process.
        traits: of the networks that pairs name.
        settings: the priors.
    """

    families: tuple[Family, ...]
    base: "np.ndarray"
    rates: "np.ndarray"
    pair_family: "np.ndarray"
    pair_network: "np.ndarray"
    response: "np.ndarray"
    alpha: "np.ndarray"
    traits: Traits
    settings: Settings

    def predict(self, family: "np.ndarray", traits: Traits) -> "np.ndarray":
        """Log milliseconds, float64 [n], of networks (their `traits`) in families (positions, int64 [n])."""
        import numpy as np

        roofline = np.log((traits.amounts * np.exp(self.rates[family])).sum(axis=1))
        level, constant = _levels(self.families, self.settings.rest)
        columns = self.pair_family
        alike = _alike(traits, self.traits, self.settings)[:, self.pair_network]
        kernel = level[family][:, columns] * alike
        if not self.settings.afterwards:
            kernel += constant[family][:, columns]
        return np.asarray(roofline + kernel @ self.alpha)

    def shares(self, family: "np.ndarray", traits: Traits) -> "np.ndarray":
        """The share of each factor of `FACTORS` in the roofline, float64 [n, factors]."""
        import numpy as np

        times = traits.amounts * np.exp(self.rates[family])
        return np.asarray(times @ factor_matrix().T / times.sum(axis=1, keepdims=True))


def factor_matrix() -> "np.ndarray":
    """Which terms each factor holds, float64 [factors, terms]."""
    import numpy as np

    return np.array([[float(term in terms) for term in TERMS] for terms in FACTORS.values()])


def _ties(unit: str) -> "np.ndarray":
    """Which terms' rates deviate together, float64 [terms, terms]: ones within each of `TIES`, and on the diagonal."""
    import numpy as np

    same = np.eye(len(TERMS))
    for terms in TIES[unit]:
        rows = [TERMS.index(term) for term in terms]
        same[np.ix_(rows, rows)] = 1.0
    return same


def take(traits: Traits, rows: "np.ndarray") -> Traits:
    """Traits of some networks, by position."""
    return Traits(amounts=traits.amounts[rows], sizes=traits.sizes[rows], mix=traits.mix[rows])


@functools.lru_cache(maxsize=64)  # they are asked for at every prediction, and few
def _levels(families: tuple[Family, ...], weights: tuple[float, ...]) -> "tuple[np.ndarray, np.ndarray]":
    """How much two families share, weighted, float64 [families, families]; and by how many levels."""
    import numpy as np

    labels: list[list[Any]] = [
        [0] * len(families),
        [(f.unit, f.precision) for f in families],
        [(f.unit, f.runtime) for f in families],
        list(families),
    ]
    same = [np.array([[float(a == b) for b in label] for a in label]) for label in labels]
    return sum(w * s for w, s in zip(weights, same, strict=True)), sum(same)  # type: ignore[return-value]


def _alike(one: Traits, other: Traits, settings: Settings) -> "np.ndarray":
    import numpy as np

    near = _distances(one.sizes, other.sizes) / settings.size_length**2
    near += _distances(one.mix, other.mix) / settings.mix_length**2
    linear = settings.sizes * one.sizes @ other.sizes.T + settings.mix * one.mix @ other.mix.T
    return np.asarray(linear + settings.likeness * np.exp(-0.5 * near))


def _distances(one: "np.ndarray", other: "np.ndarray") -> "np.ndarray":
    import numpy as np

    squares = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1)[None, :] - 2 * one @ other.T
    return np.asarray(np.maximum(squares, 0.0))


def fit(points: Points, traits: Traits, unit: str, settings: Settings | None = None) -> Reference:
    """The response of the families among `points`, all of one unit; deterministic.

    Args:
        points: the measurements.
        traits: of all networks of `points.networks`, in that order.
        unit: one of `components.UNITS`.
        settings: the priors; left out: those of the unit.
    """
    import numpy as np

    settings = settings or SETTINGS[unit]
    known = {points.groups[index].family for index in np.unique(points.group)}
    families = tuple(sorted(known))
    prior = np.log([PRIORS[term][UNITS.index(unit)] for term in TERMS])
    start = np.log((traits.amounts[points.network] * np.exp(prior)).sum(axis=1))
    base = prior + np.median(points.log_ms - start)
    return _Fit(points, traits, families, base, settings).run()


class _Fit:
    """The state of the Gauss-Newton steps."""

    def __init__(
        self, points: Points, traits: Traits, families: tuple[Family, ...], base: "np.ndarray", settings: Settings
    ) -> None:
        import numpy as np

        self.points, self.traits, self.families, self.base, self.settings = points, traits, families, base, settings
        position = {family: index for index, family in enumerate(families)}
        count = len(points.networks)
        of_group = np.array([position.get(group.family, -1) for group in points.groups])
        keys, self.pair = np.unique(of_group[points.group] * count + points.network, return_inverse=True)
        self.family, self.network = keys // count, keys % count
        self.times = np.bincount(self.pair)
        squared = tuple(rate**2 for rate in settings.rates)
        self.rate_level, _ = _levels(families, squared)
        factors = factor_matrix()[[1, 2, 3]]
        together = (settings.factor / settings.rates[0]) ** 2 * factors.T @ factors
        self.spread = _ties(families[0].unit) + together
        level, constant = _levels(families, settings.rest)
        alike = _alike(traits, traits, settings)
        rows = np.ix_(self.family, self.family)
        self.rest, self.constant = level[rows] * alike[np.ix_(self.network, self.network)], constant
        self.joint = constant[rows] + (0.0 if settings.afterwards else self.rest)
        self.rates = np.tile(base, (len(families), 1))
        self.weight = np.ones(len(keys))

    def run(self) -> Reference:
        import numpy as np

        amounts = self.traits.amounts[self.network]
        fitted = np.log((amounts * np.exp(self.rates[self.family])).sum(axis=1))
        current = fitted.copy()
        for step in range(self.settings.steps):
            if step % 2 == 0:
                current, response = self._scales(current, fitted)
            alpha, shares, noise = self._solve(amounts, response)
            moved = self.base + (self.rate_level[:, self.family] * alpha) @ shares @ self.spread
            self.rates = self.rates + np.clip(0.8 * (moved - self.rates), -1.0, 1.0)
            left = noise * alpha
            fitted = response - left
            self.weight = self._weight(left)
        alpha, _, _ = self._solve(amounts, response)
        if self.settings.afterwards:
            alpha = self._afterwards(amounts, response, alpha)
        return Reference(
            families=self.families, base=self.base, rates=self.rates, pair_family=self.family,
            pair_network=self.network, response=response, alpha=alpha, traits=self.traits, settings=self.settings,
        )  # fmt: skip

    def _afterwards(self, amounts: "np.ndarray", response: "np.ndarray", alpha: "np.ndarray") -> "np.ndarray":
        """Weights of what the roofline leaves; the families' constants become part of their rates."""
        import numpy as np

        self.rates = self.rates + (self.constant[:, self.family] @ alpha)[:, None]
        left = response - np.log((amounts * np.exp(self.rates[self.family])).sum(axis=1))
        return np.linalg.solve(self.rest + np.diag(self._variance()), left)

    def _weight(self, left: "np.ndarray") -> "np.ndarray":
        """What each pair counts, by how far the fit leaves it off."""
        import numpy as np

        degrees = self.settings.degrees
        if degrees:
            return np.asarray((degrees + 1) / (degrees + left**2 / self._variance()))
        return np.asarray(1 / np.sqrt(1 + (left / self.settings.robust) ** 2))

    def _variance(self) -> "np.ndarray":
        """Of the noise of each pair: what no model tells, and what repeated measurements differ by."""
        return self.settings.noise**2 + 0.01 / self.times

    def _scales(self, current: "np.ndarray", fitted: "np.ndarray") -> "tuple[np.ndarray, np.ndarray]":
        """Alternate the scale of each group and the response of each pair; the fitted ones hold the pairs together."""
        import numpy as np

        group, log_ms, size = self.points.group, self.points.log_ms, len(self.points.groups)
        in_group = np.bincount(group, minlength=size)
        for _ in range(8):
            scale = np.bincount(group, log_ms - current[self.pair], size) / (in_group + 0.05)
            total = np.bincount(self.pair, log_ms - scale[group]) / 0.01 + fitted / 0.02
            current = total / (self.times / 0.01 + 1 / 0.02)
        return current, np.bincount(self.pair, log_ms - scale[group]) / self.times

    def _solve(self, amounts: "np.ndarray", response: "np.ndarray") -> "tuple[np.ndarray, np.ndarray, np.ndarray]":
        import numpy as np

        times = amounts * np.exp(self.rates[self.family])
        total = times.sum(axis=1)
        shares = times / total[:, None]
        known = (shares * (self.rates[self.family] - self.base)).sum(axis=1)
        kernel = self.rate_level[np.ix_(self.family, self.family)] * (shares @ self.spread @ shares.T) + self.joint
        noise = self._variance() / self.weight
        alpha = np.linalg.solve(kernel + np.diag(noise), response - np.log(total) + known)
        return alpha, shares, noise
