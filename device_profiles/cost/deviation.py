"""How one group differs from its family: a scale, and what its device is better or worse at, from few measurements.

A Gaussian process that is linear in the factors' shares, in the size of the network and in its layers, over all groups
of a device at once: two runtimes on one chip share what its memory can do. Its posterior is one scale and a weight a
feature for each group, which is what a profile holds (`fit_schema.LatencyFit`). Size and layers are not independent:
what a device is worse at is short layers, as when many cores wait for each other after each.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portproof.device_profiles.cost.components import FACTORS, TERMS, Traits
from portproof.device_profiles.cost.points import Points
from portproof.device_profiles.cost.reference import Reference, take

if TYPE_CHECKING:
    import numpy as np

#: What weights are named after: the factors, the logarithm of the whole, and that of the number of layers.
NAMES = (*FACTORS, "size", "layers")
#: Where the features are taken to be zero: about their means over the networks measured.
_CENTRE = (0.35, 0.35, 0.15, 0.15, 0.5, 1.5)
_LAYERS = ("n_product", "n_other")
_SCALE = 1.0


@dataclass(frozen=True, kw_only=True)
class Prior:
    """What weights are expected to be. Variances are relative: those of the factors are 1.

    Attributes:
        device, group: variance of what all groups of a device share, and of a group's own.
        size: variance of what the size decides.
        grain: of what the time of a mean layer decides, ``size - layers``.
        layers: of what the number of layers decides besides.
        noise: standard deviation of what no feature tells of a measurement.
    """

    device: float = 0.2
    group: float = 0.04
    size: float = 0.0
    grain: float = 1.0
    layers: float = 2.25
    noise: float = 0.1

    def covariance(self) -> "np.ndarray":
        """Of the weights, float64 [names, names]."""
        import numpy as np

        found = np.eye(len(NAMES))
        found[-2:, -2:] = [[self.size + self.grain, -self.grain], [-self.grain, self.grain + self.layers]]
        return found


#: By unit; docs/latency.md says how chosen. Graphics processors' ten networks do not tell layers from size.
PRIORS = {"cpu": Prior(noise=0.17), "gpu": Prior(size=1.0, grain=0.0, layers=0.0), "npu": Prior(group=0.09, noise=0.06)}


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """Of one group: the factor on its family's response, as a logarithm, and a weight for each of `NAMES`."""

    log_scale: float
    weights: tuple[float, ...]


def features(reference: Reference, family: "np.ndarray", traits: Traits, log_ms: "np.ndarray") -> "np.ndarray":
    """What weights multiply, float64 [n, names]: the factors' shares, the size by its response `log_ms`, the layers."""
    import numpy as np

    shares = reference.shares(family, traits)
    layers = np.log(np.maximum(traits.amounts[:, [TERMS.index(term) for term in _LAYERS]].sum(axis=1), 1.0))
    sizes = np.stack([log_ms, layers], axis=1) / 3
    return np.asarray(np.concatenate([shares, sizes], axis=1) - np.array(_CENTRE))


def fit(reference: Reference, points: Points, traits: Traits, *, same_networks: bool = True) -> dict[int, Deviation]:
    """The deviation of every group among `points`, by its position.

    Args:
        reference: the families' responses.
        points: the measurements.
        traits: of all networks of `points.networks`, in that order.
        same_networks: whether `reference` was fitted with networks in the same order: what it observed of them is used.
    """
    import numpy as np

    position = {family: index for index, family in enumerate(reference.families)}
    family = np.array([position[points.groups[group].family] for group in points.group])
    rows = take(traits, points.network)
    response = reference.predict(family, rows)
    if same_networks:
        response = _observed(reference, family, points, response)
    z = features(reference, family, rows, response)
    left = points.log_ms - response
    devices = np.array([f"{points.groups[g].device}/{points.groups[g].unit}" for g in points.group])
    found: dict[int, Deviation] = {}
    for device in np.unique(devices):
        at = np.flatnonzero(devices == device)
        found |= _posterior(points.group[at], z[at], left[at], PRIORS[reference.families[0].unit])
    return found


def _observed(reference: Reference, family: "np.ndarray", points: Points, predicted: "np.ndarray") -> "np.ndarray":
    """The response of each point's pair: observed over all devices where it was, else predicted."""
    import numpy as np

    count = len(points.networks)
    pairs = (reference.pair_family * count + reference.pair_network).tolist()
    known = dict(zip(pairs, reference.response, strict=True))
    keys = (family * count + points.network).tolist()
    return np.array([known.get(key, value) for key, value in zip(keys, predicted, strict=True)])


def _posterior(group: "np.ndarray", z: "np.ndarray", left: "np.ndarray", prior: Prior) -> dict[int, Deviation]:
    import numpy as np

    same = (group[:, None] == group[None, :]).astype(float)
    told = z @ prior.covariance()
    kernel = (
        (prior.device + prior.group * same) * (told @ z.T) + _SCALE * (1 + same) + prior.noise**2 * np.eye(len(left))
    )
    alpha = np.linalg.solve(kernel, left)
    found = {}
    for one in np.unique(group):
        mine = (group == one).astype(float)
        weights = told.T @ (alpha * (prior.device + prior.group * mine))
        found[int(one)] = Deviation(
            log_scale=float(_SCALE * (alpha @ (1 + mine))), weights=tuple(float(weight) for weight in weights)
        )
    return found


def apply(deviation: Deviation, z: "np.ndarray", response: "np.ndarray") -> "np.ndarray":
    """Log milliseconds in the group, float64 [n], from the family's response and its `features`."""
    import numpy as np

    return np.asarray(response + deviation.log_scale + z @ np.array(deviation.weights))


def mean_scale(reference: Reference, position: int, deviation: Deviation) -> float:
    """The logarithm of the scale of a group over its family's: the mean over the networks measured in the family."""
    import numpy as np

    networks = np.unique(reference.pair_network[reference.pair_family == position])
    rows, family = take(reference.traits, networks), np.full(len(networks), position)
    response = reference.predict(family, rows)
    off = apply(deviation, features(reference, family, rows, response), response) - response
    return float(off.mean())
