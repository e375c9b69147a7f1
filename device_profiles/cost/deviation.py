"""How one group differs from its family: a scale, and what its device is better or worse at, from few measurements.

A Gaussian process that is linear in the factors' shares and in the size of the network, over all groups of a device at
once: two runtimes on one chip share what its memory can do. Its posterior is one scale and a weight a factor for each
group, which is what a profile holds (`fit_schema.LatencyFit`).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portproof.device_profiles.cost.components import FACTORS, Traits
from portproof.device_profiles.cost.points import Points
from portproof.device_profiles.cost.reference import Reference, take

if TYPE_CHECKING:
    import numpy as np

#: What weights are named after: the factors, and the logarithm of the whole.
NAMES = (*FACTORS, "size")
#: Where shares of the factors and the size are taken to be zero: about their means over the networks measured.
_CENTRE = (0.35, 0.35, 0.15, 0.15, 0.5)
_OF_DEVICE, _OF_GROUP, _SCALE, _NOISE = 0.2, 0.04, 1.0, 0.1


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """Of one group: the factor on its family's response, as a logarithm, and a weight for each of `NAMES`."""

    log_scale: float
    weights: tuple[float, ...]


def features(reference: Reference, family: "np.ndarray", traits: Traits, log_ms: "np.ndarray") -> "np.ndarray":
    """What weights multiply, float64 [n, names]: shares of the factors, and the size by its response `log_ms`."""
    import numpy as np

    shares = reference.shares(family, traits)
    return np.asarray(np.concatenate([shares, log_ms[:, None] / 3], axis=1) - np.array(_CENTRE))


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
        found |= _posterior(points.group[at], z[at], left[at])
    return found


def _observed(reference: Reference, family: "np.ndarray", points: Points, predicted: "np.ndarray") -> "np.ndarray":
    """The response of each point's pair: observed over all devices where it was, else predicted."""
    import numpy as np

    count = len(points.networks)
    pairs = (reference.pair_family * count + reference.pair_network).tolist()
    known = dict(zip(pairs, reference.response, strict=True))
    keys = (family * count + points.network).tolist()
    return np.array([known.get(key, value) for key, value in zip(keys, predicted, strict=True)])


def _posterior(group: "np.ndarray", z: "np.ndarray", left: "np.ndarray") -> dict[int, Deviation]:
    import numpy as np

    same = (group[:, None] == group[None, :]).astype(float)
    kernel = (_OF_DEVICE + _OF_GROUP * same) * (z @ z.T) + _SCALE * (1 + same) + _NOISE**2 * np.eye(len(left))
    alpha = np.linalg.solve(kernel, left)
    found = {}
    for one in np.unique(group):
        mine = (group == one).astype(float)
        weights = z.T @ (alpha * (_OF_DEVICE + _OF_GROUP * mine))
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
