"""Checks each sample once and takes the range and mean of every input while doing so."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from portproof.device_profiles.errors import Message, PortproofError
from portproof.runtimes.feed import check_feed
from portproof.runtimes.metrics import as_floats
from portproof.runtimes.spec import Array, TensorSpec

_MOST_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class InputStats:
    """Range and mean of one input over all samples (of a complex one, over its parts)."""

    spec: TensorSpec
    low: float
    high: float
    mean: float

    def as_dict(self) -> dict[str, Any]:
        """JSON-able data."""
        return {"name": self.spec.name, "min": self.low, "max": self.high, "mean": self.mean}


def inspect(
    samples: Iterable[tuple[str, Mapping[str, Array]]],
    inputs: tuple[TensorSpec, ...],
    source: str,
    *,
    allow_constant: bool = False,
) -> tuple[tuple[InputStats, ...], int]:
    """Statistics of every input, and the number of samples.

    Raises:
        PortproofError: ``E-DATA-*``, the findings of all samples together (twenty at most).
    """
    findings: list[Message] = []
    totals = {spec.name: _Total() for spec in inputs}
    count = 0
    for where, sample in samples:
        count += 1
        found = _names_and_shapes(sample, inputs, where) or _values(sample, where, allow_constant)
        findings += found
        if len(findings) >= _MOST_SHOWN:
            break
        if not found:
            for name, array in sample.items():
                totals[name].add(array)
    if findings:
        raise PortproofError.of(findings[:_MOST_SHOWN])
    if not count:
        raise PortproofError("E-DATA-EMPTY", f"{source} holds no sample", where=source)
    return tuple(totals[spec.name].stats(spec) for spec in inputs), count


@dataclass(kw_only=True)
class _Total:
    low: float = float("inf")
    high: float = float("-inf")
    total: float = 0.0
    elements: int = 0

    def add(self, array: Array) -> None:
        values = as_floats(array)
        if values.size:
            self.low = min(self.low, float(values.min()))
            self.high = max(self.high, float(values.max()))
            self.total += float(values.sum())
            self.elements += values.size

    def stats(self, spec: TensorSpec) -> InputStats:
        if not self.elements:
            return InputStats(spec=spec, low=0.0, high=0.0, mean=0.0)
        return InputStats(spec=spec, low=self.low, high=self.high, mean=self.total / self.elements)


def _names_and_shapes(sample: Mapping[str, Array], inputs: tuple[TensorSpec, ...], where: str) -> list[Message]:
    try:
        check_feed(inputs, sample, where=where, source_layout=True)
    except PortproofError as error:
        return list(error.messages)
    return []


def _values(sample: Mapping[str, Array], where: str, allow_constant: bool) -> list[Message]:
    found = [
        Message(
            code="E-DATA-NAN",
            what=f"{name!r} holds {bad} NaN or infinite values of {array.size}",
            where=where,
        )
        for name, array in sample.items()
        if (bad := int(np.count_nonzero(~np.isfinite(array))))
    ]
    if found or allow_constant:
        return found
    constant = [name for name, array in sample.items() if array.size > 1 and _one_value(array)]
    # A mask of ones beside real data is fine; a sample that holds nothing else is not.
    all_constant = len(constant) == sum(array.size > 1 for array in sample.values())
    return [
        Message(
            code="E-DATA-CONSTANT",
            what=f"{name!r} holds only the value {sample[name].flat[0]}",
            where=where,
            why="every model looks right on an input without content",
            hint="if it is meant so (a state that begins at zero), add ?allow=constant to the data",
        )
        for name in constant
        if all_constant or sample[name].dtype.kind in "fc"
    ]


def _one_value(array: Array) -> bool:
    return bool((array == array.flat[0]).all())
