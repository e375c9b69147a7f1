"""What float16 would do to each operator of a float32 program, measured while it runs on real inputs.

Three things can go wrong: a value beyond float16's range (65504) in or out of an operator; a sum beyond it inside of
one, though its result is small again (a mean, a variance, a norm); and precision lost, when an operator's result
depends on digits that float16 does not have (differences of near values, small epsilons, large exponents).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from portproof.runtimes.coreml.program import Operation
from portproof.runtimes.coreml.results import to_float16
from portproof.runtimes.coreml.simulate import to_float16_all
from portproof.runtimes.coreml.steps import Step

LARGEST = 65504.0
"""The largest number of float16."""


@dataclass(kw_only=True)
class Observed:
    """What was seen of one operator, over all runs.

    Attributes:
        name: its name in the package.
        type: MIL's.
        low: the least finite number among its float arguments (constants included) and results.
        high: the largest one.
        largest_sum: an upper bound on the magnitude of the sums inside of it; 0 where it sums nothing.
        error: largest difference that float16 makes in the operator alone, relative to the largest result.
        sources: the operators whose results it reads, by name; those of its nested blocks left out.
    """

    name: str
    type: str
    sources: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 0.0
    largest_sum: float = 0.0
    error: float = 0.0

    @property
    def overflows(self) -> bool:
        """Whether float16 cannot hold what goes in, comes out, or is summed up inside, on the positive side."""
        return max(self.high, self.largest_sum) > LARGEST

    @property
    def underflows(self) -> bool:
        """Whether numbers go below float16's range and none above it: masks do, for which minus infinity will do."""
        return self.low < -LARGEST and not self.overflows


class Survey:
    """An observer for the engine: `operators` holds what it saw, by name, in the order of execution."""

    def __init__(self) -> None:
        self.operators: dict[str, Observed] = {}
        self._constants: dict[str, dict[str, Any]] = {}
        self._makers: dict[str, str] = {}

    def __call__(self, step: Step, values: Mapping[str, Any], results: Sequence[Any]) -> None:
        """Takes note of one operator."""
        floats = [result for result in results if _is_float(result)]
        arguments = {**step.constants, **values}
        if not floats and not any(_is_float(value) for value in arguments.values()):
            return
        seen = self._seen(step.operation)
        for low, high in map(_ends, [*_tensors(arguments), *floats]):
            seen.low, seen.high = min(seen.low, low), max(seen.high, high)
        seen.largest_sum = max(seen.largest_sum, _largest_sum(step.operation.type, arguments))
        if not step.operation.blocks:
            seen.error = max(seen.error, self._error(step, values, results))

    def _seen(self, operation: Operation) -> Observed:
        self._makers |= {output.name: operation.name for output in operation.outputs}
        if operation.name not in self.operators:
            read = [
                binding for bindings in operation.inputs.values() for binding in bindings if isinstance(binding, str)
            ]
            made = dict.fromkeys(self._makers[name] for name in read if name in self._makers)
            self.operators[operation.name] = Observed(name=operation.name, type=operation.type, sources=tuple(made))
        return self.operators[operation.name]

    def _error(self, step: Step, values: Mapping[str, Any], results: Sequence[Any]) -> float:
        """Of the operator alone, on the same arguments rounded; infinite where float16 gives no number."""
        if step.operation.name not in self._constants:
            self._constants[step.operation.name] = to_float16_all(step.constants)
        constants = self._constants[step.operation.name]
        result = step.function(**constants, **to_float16_all(values))
        rounded = result if isinstance(result, tuple) else (result,)
        pairs = zip(results, rounded, strict=True)
        return max((_difference(wide, narrow) for wide, narrow in pairs if _is_float(wide)), default=0.0)


def _difference(wide: torch.Tensor, narrow: torch.Tensor) -> float:
    narrow = to_float16(narrow)
    known = torch.isfinite(wide)
    if not bool(known.any()) or wide.shape != narrow.shape:
        return 0.0
    scale = float(wide[known].abs().max())
    error = float((narrow - wide)[known].abs().nan_to_num(math.inf).max())
    return error / scale if scale else error


def _ends(value: torch.Tensor) -> tuple[float, float]:
    finite = value[torch.isfinite(value)]
    return (float(finite.min()), float(finite.max())) if finite.numel() else (0.0, 0.0)


def _tensors(values: Mapping[str, Any]) -> list[torch.Tensor]:
    flat = [item for value in values.values() for item in (value if isinstance(value, list) else [value])]
    return [item for item in flat if _is_float(item)]


def _is_float(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.dtype is torch.float32


def _largest_sum(op_type: str, arguments: Mapping[str, Any]) -> float:
    rule = _SUMS.get(op_type)
    return 0.0 if rule is None else float(rule(arguments))


def _of_reduction(power: int) -> Callable[[Mapping[str, Any]], torch.Tensor]:
    """The sum of magnitudes, or of their squares, along the axes of the operator."""

    def largest(arguments: Mapping[str, Any]) -> torch.Tensor:
        x: torch.Tensor = arguments["x"].abs() ** power
        axes = arguments.get("axes")
        return (x.sum(dim=axes) if axes else x.sum()).max()

    return largest


def _of_squares_by_sample(arguments: Mapping[str, Any]) -> torch.Tensor:
    """Sums of squares over all but the first two axes, as normalisations of instances take them."""
    x: torch.Tensor = arguments["x"]
    return (x * x).flatten(2).sum(-1).max() if x.dim() > 2 else (x * x).max()


def _of_product(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return (x.abs() @ y.abs()).max()


def _of_matmul(arguments: Mapping[str, Any]) -> torch.Tensor:
    x, y = arguments["x"], arguments["y"]
    x = x.transpose(-1, -2) if arguments.get("transpose_x") else x
    y = y.transpose(-1, -2) if arguments.get("transpose_y") else y
    return _of_product(x, y)


_SUMS: dict[str, Callable[[Mapping[str, Any]], torch.Tensor]] = {
    **dict.fromkeys(("reduce_sum", "reduce_mean", "reduce_l1_norm", "reduce_log_sum"), _of_reduction(1)),
    **dict.fromkeys(("reduce_sum_square", "reduce_l2_norm", "layer_norm"), _of_reduction(2)),
    **dict.fromkeys(("instance_norm", "l2_norm"), _of_squares_by_sample),
    "matmul": _of_matmul,
    "linear": lambda arguments: _of_product(arguments["x"], arguments["weight"].transpose(-1, -2)),
}
