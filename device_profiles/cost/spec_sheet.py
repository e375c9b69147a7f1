"""The scale of a device that was never measured, from its profile's figures and what else its chip was measured with.

A linear model of the logarithms of scales (`deviation.mean_scale`) of the groups measured, all families of a unit at
once:

    scale = family + (slopes + the family's own slopes) . figures + chip + (chip, family) + noise

Every part has a Gaussian prior about zero, so that thin evidence is shrunk to the family's scale. A figure that a
profile lacks is the family's mean. Chips that fit badly count less, as an outlying chip would tilt the slopes of all.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portproof.device_profiles.cost.groups import Family, Group

if TYPE_CHECKING:
    import numpy as np

    from portproof.device_profiles.schema import Profile

#: By unit: the figures that tell its speed, and where zero and one of each are.
FEATURES: dict[str, tuple[str, ...]] = {
    "cpu": ("year", "cpu.peak_fp32_gflops", "memory.dram_gbps", "threads", "little_cores", "big_cores", "has_gpu"),
    "gpu": ("year", "gpu.peak_fp32_gflops", "memory.dram_gbps"),
    "npu": ("npu.htp_arch", "memory.dram_gbps", "peak_tops"),
}
#: Threads where a runtime's name tells none.
THREADS = 4
#: Standard deviations of the priors, natural logarithms; docs/latency.md says how chosen.
_OF_ALL, _OF_FAMILY, _SLOPE, _FAMILY_SLOPE = 0.3, 0.5, 0.4, 0.15
_CHIP, _CHIP_FAMILY, _NOISE, _ONE_NETWORK = 0.3, 0.2, 0.1, 0.3
#: Effects of a chip beyond this count linearly, not squared.
_ROBUST, _STEPS = 0.4, 6


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One measured group: what its profile states, None where it states nothing; its scale; on how many networks."""

    group: Group
    chip: str
    values: tuple[float | None, ...]
    log_scale: float = 0.0
    architectures: int = 1


@dataclass(frozen=True, kw_only=True)
class Line:
    """The fit of one family.

    Attributes:
        means: of the unit's `FEATURES`, for those that a profile lacks.
        weights: of the same.
        constant: the scale where all features are zero.
    """

    means: tuple[float, ...]
    weights: tuple[float, ...]
    constant: float

    def scale(self, values: Sequence[float | None]) -> float:
        """The logarithm of the scale of a device with these figures."""
        known = [mean if value is None else value for value, mean in zip(values, self.means, strict=True)]
        return self.constant + math.fsum(weight * value for weight, value in zip(self.weights, known, strict=True))

    def between(self, profile: "Profile", group: Group, other: Group) -> float:
        """The logarithm of what threads and cores of the one's runtime take to the other's on the same device."""
        mine, theirs = (values(profile, group.unit, one.runtime) for one in (group, other))
        return self.scale(mine) - self.scale(theirs)


@dataclass(frozen=True, kw_only=True)
class SpecSheets:
    """All that was fitted.

    Attributes:
        lines: by family.
        chips: what a chip's unit, measured in any family, is off its figures.
        spreads: by family, where figures predict devices left out better than the family alone: the half-width of the
            80 % interval, as a logarithm. A family that is absent is not predicted from figures.
        chip_of: the chip of every device measured.
        sibling_spread: by unit: the half-width where the same chip was measured in another device.
        worse_by_chip: families in which that predicts worse than the family does.
    """

    lines: dict[Family, Line]
    chips: dict[tuple[str, str], float]
    spreads: dict[Family, float]
    chip_of: dict[str, str]
    sibling_spread: dict[str, float]
    worse_by_chip: frozenset[Family] = frozenset()


def chip(profile: "Profile") -> str:
    """The chip that devices share: what makers name after one phone is the same silicon, a little faster."""
    return profile.soc.removesuffix(" for Galaxy")


def threads(runtime: str) -> int:
    """How many threads a runtime runs, by its name in measurements: ``"ncnn-4t-ps2"``, ``"xnnpack-mt"``."""
    found = re.search(r"-(\d+)t\b", runtime)
    return int(found.group(1)) if found else THREADS


def values(profile: "Profile", unit: str, runtime: str) -> tuple[float | None, ...]:
    """The features of a profile's unit, in the order of `FEATURES`."""
    return tuple(_value(profile, name, runtime) for name in FEATURES[unit])


def _value(profile: "Profile", name: str, runtime: str) -> float | None:
    if name == "year":
        return None if profile.year is None else (profile.year - 2020) / 4
    if name == "threads":
        return math.log2(threads(runtime) / THREADS)
    if name == "has_gpu":  # boards without one have small cores
        return float(profile.gpu is not None)
    if name in {"little_cores", "big_cores"}:  # ncnn's powersave 1 and 2
        return float(runtime.endswith("-ps1" if name == "little_cores" else "-ps2"))
    if name == "npu.htp_arch":
        version = _figure(profile, name)
        return None if version is None else (version - 73) / 5
    if name == "peak_tops":
        found = _figure(profile, "npu.peak_int8_tops") or _figure(profile, "npu.peak_tops")
    else:
        found = _figure(profile, name)
    return math.log(found) if found else None


def _figure(profile: "Profile", key: str) -> float | None:
    figure = profile.figures.get(key)
    return None if figure is None else figure.value


def stated(profile: "Profile", unit: str) -> tuple[str, ...]:
    """Which of the figures a profile states that tell its scale; empty where nothing tells it from its family's.

    Most neural processors measured are Qualcomm's: figures of another maker's do not say how it compares to them.
    """
    known = zip(FEATURES[unit], values(profile, unit, ""), strict=True)
    found = tuple(name for name, value in known if value is not None and ("." in name or name in {"year", "peak_tops"}))
    return found if unit != "npu" or "npu.htp_arch" in found else ()


def sibling(group: Group, others: Iterable[Group], chip_of: Mapping[str, str], name: str) -> Group | None:
    """The group of another device with the same chip (`name`) and family: of this runtime, else of threads alike."""
    near = [one for one in others if one.family == group.family and chip_of.get(one.device) == name]
    wanted = threads(group.runtime)

    def distance(one: Group) -> tuple[bool, bool, float, Group]:
        apart = abs(math.log2(threads(one.runtime) / wanted))
        return one.runtime != group.runtime, one.precision != group.precision, apart, one

    return min((one for one in near if one.device != group.device), key=distance, default=None)


def fit(sheets: Sequence[Sheet]) -> tuple[dict[Family, Line], dict[tuple[str, str], float]]:
    """The line of every family among the groups, and the effect of every chip's units; deterministic."""
    lines: dict[Family, Line] = {}
    chips: dict[tuple[str, str], float] = {}
    for unit in sorted({sheet.group.unit for sheet in sheets}):
        found = _Fit([sheet for sheet in sheets if sheet.group.unit == unit])
        lines |= found.lines()
        chips |= {(name, unit): effect for name, effect in found.chips().items()}
    return lines, chips


class _Fit:
    """The Gaussian posterior of one unit's groups, in its dual form."""

    def __init__(self, sheets: Sequence[Sheet]) -> None:
        import numpy as np

        self.families = [sheet.group.family for sheet in sheets]
        self.names = [sheet.chip for sheet in sheets]
        raw = np.array([[math.nan if v is None else v for v in sheet.values] for sheet in sheets])
        self.centre = _mean(raw, np.zeros(raw.shape[1]))
        self.means = {one: _mean(raw[self._of(self.families, one)], self.centre) for one in sorted(set(self.families))}
        filled = np.array([np.where(np.isnan(x), self.means[f], x) for x, f in zip(raw, self.families, strict=True)])
        self.x = filled - self.centre
        self.slack = dict.fromkeys(self.names, 1.0)
        noise = _NOISE**2 + _ONE_NETWORK**2 / np.array([sheet.architectures for sheet in sheets])
        scale = np.array([sheet.log_scale for sheet in sheets])
        for _ in range(_STEPS):
            self.alpha = np.linalg.solve(self._kernel() + np.diag(noise), scale)
            self.slack = {name: math.hypot(1, effect / _ROBUST) for name, effect in self.chips().items()}

    def _of(self, labels: Sequence[object], one: object) -> "np.ndarray":
        import numpy as np

        return np.array([label == one for label in labels])

    def _kernel(self) -> "np.ndarray":
        import numpy as np

        family = np.array([self._of(self.families, one) for one in self.families], dtype=float)
        same = np.array([self._of(self.names, one) for one in self.names], dtype=float)
        slack = np.array([self.slack[name] for name in self.names])
        slopes = self.x @ self.x.T * (_SLOPE**2 + _FAMILY_SLOPE**2 * family)
        chips = same * (_CHIP**2 * slack + _CHIP_FAMILY**2 * family)
        return np.asarray(slopes + _OF_ALL**2 + _OF_FAMILY**2 * family + chips)

    def chips(self) -> dict[str, float]:
        """By chip: what all of its groups have in common beyond its figures."""
        return {
            name: float(_CHIP**2 * self.slack[name] * self.alpha[self._of(self.names, name)].sum())
            for name in sorted(set(self.names))
        }

    def lines(self) -> dict[Family, Line]:
        """The posterior mean of every family."""
        found = {}
        for one, means in self.means.items():
            mine = self._of(self.families, one)
            weights = _SLOPE**2 * self.x.T @ self.alpha + _FAMILY_SLOPE**2 * self.x[mine].T @ self.alpha[mine]
            constant = _OF_ALL**2 * self.alpha.sum() + _OF_FAMILY**2 * self.alpha[mine].sum() - weights @ self.centre
            found[one] = Line(means=tuple(means.tolist()), weights=tuple(weights.tolist()), constant=float(constant))
        return found


def _mean(raw: "np.ndarray", instead: "np.ndarray") -> "np.ndarray":
    """Means of the columns over what is known; `instead` where nothing is."""
    import numpy as np

    known = ~np.isnan(raw)
    return np.where(known.any(axis=0), np.where(known, raw, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1), instead)
