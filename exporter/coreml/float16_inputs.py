"""Which of the data float16 is tried on: some to choose by, more where they are cheap to hold the choice against."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from portproof.exporter.coreml.macs import total
from portproof.runtimes.data import Dataset
from portproof.runtimes.spec import Array

SAMPLES = 16
"""How many inputs float16 is chosen by, from all over the data."""
OTHERS = 240
"""How many more it is held against, at most."""
WORK = 20e9
"""Multiply-accumulates to be spent on them: a few seconds' worth in the emulator."""


@dataclass(frozen=True, kw_only=True)
class Tried:
    """Inputs, by the source's names.

    Attributes:
        samples: to choose by.
        others: to hold the choice against.
    """

    samples: list[Mapping[str, Array]]
    others: list[Mapping[str, Array]]


def of(data: Dataset, package: Path) -> Tried:
    """`SAMPLES` of the data at even distances, others from between them, fewer the more the package computes.

    Raises:
        PortproofError: ``E-MODEL-FORMAT`` and the like for the package; what the data raises.
    """
    chosen = _spread(data.count, SAMPLES)
    affordable = int(min(OTHERS, WORK / max(_macs(package), 1)))
    further = _spread(data.count, SAMPLES + affordable) - chosen
    samples = {at: sample for at, sample in enumerate(_until(data, chosen | further)) if at in chosen | further}
    return Tried(
        samples=[samples[at] for at in sorted(chosen) if at in samples],
        others=[samples[at] for at in sorted(further) if at in samples],
    )


def _macs(package: Path) -> int:
    from portproof.runtimes.coreml.parse import read

    parsed = read(package)
    return total(parsed.functions[parsed.default_function])


def _spread(count: int, most: int) -> set[int]:
    """Up to `most` places at even distances; all where there are no more."""
    return {index * count // most for index in range(most)}


def _until(data: Dataset, places: Iterable[int]) -> Iterable[Mapping[str, Array]]:
    from itertools import islice

    return islice(iter(data), max(places) + 1)
