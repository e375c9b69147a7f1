"""How well unseen architectures are predicted: each fold's are unseen in every group at once."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portproof.device_profiles.cost import deviation
from portproof.device_profiles.cost.components import UNITS, Traits
from portproof.device_profiles.cost.points import Points
from portproof.device_profiles.cost.reference import fit, take

if TYPE_CHECKING:
    import numpy as np

#: A group is calibrated from this many architectures on.
CALIBRATED = 10


@dataclass(frozen=True, kw_only=True)
class Quality:
    """Errors on unseen architectures: shares, not percent. `within`: of 10 and of 20 %. `rank`: median Spearman."""

    points: int
    median_ape: float
    within_10: float
    within_20: float
    rank: float


def folds(points: Points, count: int, seed: int) -> "np.ndarray":
    """The fold of every point, int64 [n]: architectures dealt out in a seeded random order."""
    import numpy as np

    order = np.random.default_rng(seed).permutation(int(points.architecture.max()) + 1)
    fold = np.empty(len(order), dtype=np.int64)
    fold[order] = np.arange(len(order)) % count
    return np.asarray(fold[points.architecture])


def predict_held_out(points: Points, traits: Traits, fold: "np.ndarray") -> "np.ndarray":
    """Log milliseconds of every point from a model that saw none of its fold; NaN where its group is new to that."""
    import numpy as np

    predicted = np.full(len(points.log_ms), np.nan)
    for unit in UNITS:
        rows = unit_rows(points, unit)
        for one in np.unique(fold[rows]):
            train = np.flatnonzero(rows & (fold != one))
            test = np.flatnonzero(rows & (fold == one))
            if len(train):
                predicted[test] = _predict(points.take(train), points.take(test), traits, unit)
    return predicted


def _predict(train: Points, test: Points, traits: Traits, unit: str) -> "np.ndarray":
    import numpy as np

    reference = fit(train, traits, unit)
    deviations = deviation.fit(reference, train, traits)
    position = {family: index for index, family in enumerate(reference.families)}
    out = np.full(len(test.log_ms), np.nan)
    known = np.flatnonzero(np.isin(test.group, list(deviations)))
    if len(known):
        rows, group = take(traits, test.network[known]), test.group[known]
        families = np.array([position[test.groups[one].family] for one in group])
        response = reference.predict(families, rows)
        z = deviation.features(reference, families, rows, response)
        for one in np.unique(group):
            at = group == one
            out[known[at]] = deviation.apply(deviations[int(one)], z[at], response[at])
    return out


def calibrated(points: Points, least: int = CALIBRATED) -> "np.ndarray":
    """Whether each point's group has `least` architectures, bool [n]."""
    import numpy as np

    sizes = [len(np.unique(points.architecture[points.group == index])) for index in range(len(points.groups))]
    return np.asarray(np.array(sizes)[points.group] >= least)


def quality(points: Points, predicted: "np.ndarray", rows: "np.ndarray") -> Quality:
    """Errors of the points that `rows` (bool [n]) selects and that were predicted."""
    import numpy as np

    rows = rows & np.isfinite(predicted)
    error = np.abs(np.exp(predicted - points.log_ms) - 1)[rows]
    groups = [rows & (points.group == group) for group in np.unique(points.group[rows])]
    ranks = [spearman(predicted[at], points.log_ms[at]) for at in groups if at.sum() >= 5]
    return Quality(
        points=int(rows.sum()),
        median_ape=float(np.median(error)),
        within_10=float(np.mean(error <= 0.1)),
        within_20=float(np.mean(error <= 0.2)),
        rank=float(np.median(ranks)) if ranks else float("nan"),
    )


def spearman(one: "np.ndarray", other: "np.ndarray") -> float:
    """Rank correlation of two arrays; what ties has the mean of its ranks."""
    import numpy as np

    return float(np.corrcoef(_ranks(one), _ranks(other))[0, 1])


def _ranks(values: "np.ndarray") -> "np.ndarray":
    import numpy as np

    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[inverse])


def half_width(points: Points, predicted: "np.ndarray", rows: "np.ndarray", share: float = 0.8) -> float:
    """The half-width, as a logarithm, within which `share` of the selected points were predicted."""
    import numpy as np

    rows = rows & np.isfinite(predicted)
    return float(np.quantile(np.abs(predicted - points.log_ms)[rows], share))


def unit_rows(points: Points, unit: str) -> "np.ndarray":
    """Which points are of a unit, bool [n]."""
    import numpy as np

    return np.asarray(np.array([group.unit == unit for group in points.groups])[points.group])
