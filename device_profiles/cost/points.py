"""Measurements as arrays: which network, which group, the logarithm of the milliseconds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portproof.device_profiles.cost.groups import Group

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One latency; `network` is a key such as ``"tv.resnet50|1x3x224x224"``: architecture and shape."""

    group: Group
    network: str
    latency_ms: float

    @property
    def architecture(self) -> str:
        """What is held out together: see `architecture_of`."""
        return architecture_of(self.network)


#: Behind an architecture: as ncnn's benchmark has it, and as Qualcomm's AI Hub does.
NCNN, QAI = "#ncnn", "#qai"


def architecture_of(network: str) -> str:
    """The architecture of ``ARCHITECTURE|SHAPE`` or ``ARCHITECTURE#ncnn|SHAPE``: held out together in all forms."""
    return network.partition("|")[0].removesuffix(NCNN).removesuffix(QAI)


@dataclass(frozen=True, kw_only=True)
class Points:
    """Measurements, those of one network in one group merged to their median.

    Attributes:
        groups: the groups, in order.
        networks: the networks, in order.
        group: int64 [n], positions in `groups`.
        network: int64 [n], positions in `networks`.
        log_ms: float64 [n], natural logarithms of milliseconds.
        architecture: int64 [n], equal where the architecture is.
    """

    groups: tuple[Group, ...]
    networks: tuple[str, ...]
    group: "np.ndarray"
    network: "np.ndarray"
    log_ms: "np.ndarray"
    architecture: "np.ndarray"

    def take(self, rows: "np.ndarray") -> "Points":
        """Some of the points, with the same groups and networks."""
        return Points(
            groups=self.groups, networks=self.networks, group=self.group[rows], network=self.network[rows],
            log_ms=self.log_ms[rows], architecture=self.architecture[rows],
        )  # fmt: skip


def of_measurements(rows: Sequence[Measurement], networks: Sequence[str] | None = None) -> Points:
    """Measurements as points, in a fixed order. `networks`: in which order; else sorted."""
    import numpy as np

    merged: dict[tuple[Group, str], list[float]] = {}
    for row in rows:
        merged.setdefault((row.group, row.network), []).append(float(np.log(row.latency_ms)))
    groups = tuple(sorted({row.group for row in rows}))
    names = tuple(networks) if networks is not None else tuple(sorted({row.network for row in rows}))
    architectures = {name: index for index, name in enumerate(sorted({architecture_of(name) for name in names}))}
    keys = sorted(merged)
    at_group = {group: index for index, group in enumerate(groups)}
    at_network = {name: index for index, name in enumerate(names)}
    return Points(
        groups=groups,
        networks=names,
        group=np.array([at_group[key[0]] for key in keys], dtype=np.int64),
        network=np.array([at_network[key[1]] for key in keys], dtype=np.int64),
        log_ms=np.array([np.median(merged[key]) for key in keys]),
        architecture=np.array([architectures[architecture_of(key[1])] for key in keys], dtype=np.int64),
    )
