"""Where rounding to the declared types shows: each operator's results in strict precision against minimum precision."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from portproof.runtimes.coreml.runner import CoreMLRunner
from portproof.runtimes.coreml.steps import Step
from portproof.runtimes.options import Precision, RunOptions
from portproof.runtimes.parity import run_in_source_layout
from portproof.runtimes.spec import Array


@dataclass(frozen=True, kw_only=True)
class OperatorDifference:
    """How far an operator's results are apart.

    Attributes:
        operator: its name in the package.
        type: MIL's.
        largest: magnitude of its results in minimum precision, over all samples.
        difference: the largest difference relative to that; infinite where only one side has a number.
    """

    operator: str
    type: str
    largest: float
    difference: float


class _Results:
    """An observer that keeps the float results of every operator of one run."""

    def __init__(self) -> None:
        self.types: dict[str, str] = {}
        self.found: dict[str, torch.Tensor] = {}

    def __call__(self, step: Step, values: Mapping[str, Any], results: Sequence[Any]) -> None:
        del values
        floats = [result for result in results if isinstance(result, torch.Tensor) and result.is_floating_point()]
        if floats:  # the first: what an operator is for; in a loop the last step's
            self.types[step.operation.name] = step.operation.type
            self.found[step.operation.name] = floats[0]


def differences(path: Path, samples: Iterable[Mapping[str, Array]], *, function: str = "") -> list[OperatorDifference]:
    """Every operator with a float result, in the order of execution.

    Args:
        path: the package.
        samples: inputs by the source's names; one is run at a time, and its results held.
        function: of a package with several; its default when left out.

    Raises:
        PortproofError: ``E-MODEL-*``, ``E-OP-UNSUPPORTED``, ``E-RUN``.
    """
    seen: dict[str, OperatorDifference] = {}
    for sample in samples:
        wide, strict = (_run(path, sample, precision, function) for precision in ("minimum", "strict"))
        for name, want in wide.found.items():
            found = _compared(name, wide.types[name], want, strict.found[name])
            seen[name] = max(seen.get(name, found), found, key=lambda each: each.difference)
    return list(seen.values())


def _run(path: Path, sample: Mapping[str, Array], precision: Precision, function: str) -> _Results:
    results = _Results()
    with CoreMLRunner(path, RunOptions(precision=precision, signature=function), observe=results) as runner:
        run_in_source_layout(runner, dict(sample))
    return results


def _compared(name: str, op_type: str, want: torch.Tensor, have: torch.Tensor) -> OperatorDifference:
    known = torch.isfinite(want)
    largest = float(want[known].abs().max()) if bool(known.any()) else 0.0
    if want.shape != have.shape:
        return OperatorDifference(operator=name, type=op_type, largest=largest, difference=float("inf"))
    equal = (want == have) | (torch.isnan(want) & torch.isnan(have))
    error = torch.where(equal, 0.0, (want - have).abs()).nan_to_num(torch.inf, posinf=torch.inf)
    worst = float(error.max()) if error.numel() else 0.0
    return OperatorDifference(operator=name, type=op_type, largest=largest, difference=worst / (largest or 1.0))
