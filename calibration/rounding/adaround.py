"""AdaRound: which of two integers each weight becomes is learnt from the layer's own inputs and outputs.

Nagel et al., arXiv:2004.10568: a rectified sigmoid of a free number stands between the lower and the upper integer;
the squared error of the layer's output is minimised over these numbers while a penalty drives them to one of the ends.
Here the two integers are those that the weights have already (from second-order rounding, say) and the next one
towards the float weight, so that learning begins at what is known to be good and is kept only where it is better.

torch is imported here; the step imports this module when it runs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from portproof.calibration.rounding.grid import WeightGrid

Floats32 = NDArray[np.float32]

# The sigmoid reaches a little beyond 0 and 1, so that it can end exactly at them.
_STRETCH_LOW, _STRETCH_HIGH = -0.1, 1.1
_WARM_UP = 0.2


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How long and how hard to learn.

    Attributes:
        steps: of the optimiser.
        rows: of a batch.
        rate: of Adam.
        penalty: weight of "be one of the two integers", where 1 is the error of the weights as they are.
        sharpness: the penalty's exponent at first and at last.
        seed: of the batches.
    """

    steps: int = 500
    rows: int = 256
    rate: float = 0.1
    penalty: float = 10.0
    sharpness: tuple[float, float] = (20.0, 2.0)
    seed: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """One layer.

    Attributes:
        columns: float weights [groups, outputs, columns].
        integers: what they are now, same shape.
        spread: the scale of each, same shape or one column.
        rows: the layer's inputs in the quantized model [rows, groups, columns].
        wanted: its outputs in the float model, less the bias, before any activation function [rows, groups, outputs].
        bias: float [groups, outputs].
        clip: bounds of the activation function fused behind it.
    """

    columns: Floats32
    integers: NDArray[np.int8]
    spread: Floats32
    rows: Floats32
    wanted: Floats32
    bias: Floats32
    clip: tuple[float, float] = (-np.inf, np.inf)


def learn(problem: Problem, grid: WeightGrid, settings: Settings) -> NDArray[np.int8]:
    """The integers, [groups, outputs, columns]; outputs that did not come nearer keep theirs.

    Deterministic for a seed: it computes on one thread.
    """
    with _one_thread():
        tensors = _Tensors(problem)
        old = torch.from_numpy(problem.integers.astype(np.float32))
        before = tensors.error(old)
        lower, free = _between(problem, grid)
        _descend(tensors, lower, free, 1.0 / max(float(before.mean()), 1e-30), settings)
        with torch.no_grad():
            found = lower + (_rectified(free) >= 0.5)
            better = tensors.error(found) < before
            chosen = torch.where(better[:, :, None], found, old)
    integers: NDArray[np.int8] = chosen.numpy().astype(np.int8)
    return integers


def _descend(tensors: "_Tensors", lower: torch.Tensor, free: torch.Tensor, scale: float, settings: Settings) -> None:
    """Move the free numbers, in place."""
    free.requires_grad_(True)
    optimiser = torch.optim.Adam([free], lr=settings.rate)
    batches = torch.Generator().manual_seed(settings.seed)
    size = min(settings.rows, tensors.rows.shape[1])
    for step in range(settings.steps):
        chosen = torch.randint(tensors.rows.shape[1], (size,), generator=batches)
        share = _rectified(free)
        loss = scale * tensors.error(lower + share, chosen).mean() + _penalty(share, step / settings.steps, settings)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()


class _Tensors:
    """A problem as torch has it, groups first, so that the products of all groups are one."""

    def __init__(self, problem: Problem) -> None:
        self.low, self.high = problem.clip
        self.spread = torch.from_numpy(problem.spread)
        self.rows = torch.from_numpy(np.ascontiguousarray(problem.rows.transpose(1, 0, 2)))
        self.bias = torch.from_numpy(np.ascontiguousarray(problem.bias[:, None, :]))
        wanted = torch.from_numpy(np.ascontiguousarray(problem.wanted.transpose(1, 0, 2)))
        self.wanted = (wanted + self.bias).clamp(self.low, self.high)

    def error(self, integers: torch.Tensor, chosen: torch.Tensor | None = None) -> torch.Tensor:
        """Mean squared error of each output, [groups, outputs]; of some rows or all."""
        rows, wanted = self.rows, self.wanted
        if chosen is not None:
            rows, wanted = rows[:, chosen], wanted[:, chosen]
        found = rows @ (integers * self.spread).transpose(1, 2) + self.bias
        squares: torch.Tensor = (found.clamp(self.low, self.high) - wanted) ** 2
        return squares.mean(dim=1)


def _between(problem: Problem, grid: WeightGrid) -> tuple[torch.Tensor, torch.Tensor]:
    """The lower of the two integers of each weight, and the free number that stands for where it lies between."""
    exact, now = problem.columns / problem.spread, problem.integers.astype(np.float32)
    lower = np.clip(np.where(exact >= now, now, now - 1), -grid.largest, grid.largest - 1)
    inner = (np.clip(exact - lower, 0.02, 0.98) - _STRETCH_LOW) / (_STRETCH_HIGH - _STRETCH_LOW)
    free = np.log(inner / (1 - inner))
    return torch.from_numpy(lower.astype(np.float32)), torch.from_numpy(free.astype(np.float32))


def _rectified(free: torch.Tensor) -> torch.Tensor:
    stretched: torch.Tensor = torch.sigmoid(free) * (_STRETCH_HIGH - _STRETCH_LOW) + _STRETCH_LOW
    return stretched.clamp(0, 1)


def _penalty(share: torch.Tensor, done: float, settings: Settings) -> torch.Tensor:
    """Nothing in the warm-up, then sharper and sharper."""
    if done < _WARM_UP:
        return torch.zeros(())
    first, last = settings.sharpness
    sharpness = last + (first - last) * (1 - (done - _WARM_UP) / (1 - _WARM_UP))
    between: torch.Tensor = 1 - (2 * share - 1).abs() ** sharpness
    return settings.penalty * between.mean()


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
